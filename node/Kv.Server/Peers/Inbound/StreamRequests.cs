using Kv.Grpc;
using Kv.Raft;
using Kv.Server.Http;
using Kv.Server.Peers.Outbound;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers.Inbound;

/// <summary><c>GET /raft/stream/KIND/ID</c>: a peer, whose id that is, wants to hear what there is for it. The response
/// ends only with the connection.</summary>
internal sealed class StreamRequests(IPeerMember member, PeerTransport transport, Handshake handshake, ILogger log)
{
    public const string Prefix = "/raft/stream/";

    /// <summary>Null if the request was answered by a stream.</summary>
    public async ValueTask<PlainAnswer?> AnswerAsync(PlainHttpCall call)
    {
        if (!HttpMethods.IsGet(call.Method))
            return PlainAnswer.OnlyGet();
        if (!handshake.TryPass(call, out PlainAnswer? refusal) || !TryFind(call, out StreamSender? sender, out refusal))
            return refusal is null ? null : WithIdentity(refusal);

        call.StatusCode = StatusCodes.Status200OK;
        call.ResponseHeaders[PeerHeaders.ClusterId] = PeerHeaders.ToText(member.ClusterId);
        call.ResponseHeaders[PeerHeaders.Version] = member.Versions.Server;
        await call.ResponseBody.FlushAsync(call.Cancelled);
        try
        {
            await sender!.ServeAsync(call.ResponseBody, call.Abort, call.Cancelled);
        }
        finally
        {
            call.Abort(); // a stream has no end, so none may be written
        }

        return null;
    }

    private bool TryFind(PlainHttpCall call, out StreamSender? sender, out PlainAnswer? refusal)
    {
        sender = null;
        int slash = call.Path.LastIndexOf('/');
        var kind = StreamKind.Find(call.Path[..slash].Replace(Prefix, "", StringComparison.Ordinal));
        if (kind is null)
        {
            refusal = PlainAnswer.Refuse(StatusCodes.Status404NotFound, "invalid path");
            return false;
        }

        if (!PeerHeaders.TryParseId(call.Path[(slash + 1)..], out NodeId from))
        {
            refusal = PlainAnswer.Refuse(StatusCodes.Status404NotFound, "invalid from");
            return false;
        }

        refusal = Judge(call, from, kind, out sender);
        return refusal is null;
    }

    private PlainAnswer? Judge(PlainHttpCall call, NodeId from, StreamKind kind, out StreamSender? sender)
    {
        sender = null;
        if (member.IsRemoved(from))
        {
            PeerLog.RejectedRemovedStream(log, member.Id, from);
            return PlainAnswer.Refuse(StatusCodes.Status410Gone, "removed member");
        }

        sender = transport.FindSender(from, kind);
        if (sender is null)
        {
            handshake.Meet(call, from);
            return PlainAnswer.Refuse(StatusCodes.Status404NotFound, "error sender not found");
        }

        string to = call.RequestHeaders[PeerHeaders.To].ToString();
        if (to == member.Id.ToString())
            return null;
        PeerLog.RejectedMismatchedStream(log, member.Id, from, to);
        return PlainAnswer.Refuse(StatusCodes.Status412PreconditionFailed, "to field mismatch");
    }

    // A dialler that is not told a version takes the peer for one too old to have streams.
    private PlainAnswer WithIdentity(PlainAnswer answer) =>
        answer.With(PeerHeaders.ClusterId, PeerHeaders.ToText(member.ClusterId))
            .With(PeerHeaders.Version, member.Versions.Server);
}
