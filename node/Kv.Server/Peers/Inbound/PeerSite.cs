using Kv.Grpc;
using Kv.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers.Inbound;

/// <summary>All that is served on peer URLs; paths, checks and answers are etcd's.
/// <code>
/// POST /raft                        one message
/// GET  /raft/stream/msgapp/ID       the stream of entries to the peer ID
/// GET  /raft/stream/message/ID      the stream of all other messages
/// POST /raft/snapshot               a message with the store behind it
///      /raft/probing                whether this member lives, and its clock
/// GET  /members                     the members
/// POST /members/promote/ID          make a learner a voter
/// GET  /members/hashkv              the hash of the store
/// POST /leases, /leases/internal    keep a lease alive, tell of it
/// GET  /downgrade/enabled, /version
/// </code></summary>
internal sealed class PeerSite
{
    private readonly StreamRequests _streams;
    private readonly MessageRequests _messages;
    private readonly SnapshotRequests _snapshots;
    private readonly MemberRequests _members;
    private readonly LeaseRequests _leases;

    public PeerSite(IPeerMember member, PeerTransport transport, ISnapshotSink snapshots, ILogger log)
    {
        var handshake = new Handshake(member, transport, log);
        _streams = new StreamRequests(member, transport, handshake, log);
        _messages = new MessageRequests(member, transport, handshake);
        _snapshots = new SnapshotRequests(member, transport, snapshots, handshake, log);
        _members = new MemberRequests(member, transport.Options.Time);
        _leases = new LeaseRequests(member);
    }

    public static PlainAnswer OnlyPost() =>
        PlainAnswer.Refuse(StatusCodes.Status405MethodNotAllowed, "Method Not Allowed").With("Allow", "POST");

    public static PlainAnswer NoContent() => new(StatusCodes.Status204NoContent, "", default);

    public static void WriteHead(PlainHttpCall call, PlainAnswer answer)
    {
        call.StatusCode = answer.Status;
        if (answer.ContentType.Length > 0)
            call.ResponseHeaders.ContentType = answer.ContentType;
        foreach ((string name, string value) in answer.Headers)
            call.ResponseHeaders[name] = value;
    }

    public async ValueTask AnswerAsync(PlainHttpCall call)
    {
        PlainAnswer? answer;
        try
        {
            answer = await FindAnswerAsync(call);
        }
        catch (OperationCanceledException)
        {
            call.Abort(); // the peer has gone, or was silent for too long
            return;
        }

        if (answer is null)
            return;
        WriteHead(call, answer);
        if (answer.Status == StatusCodes.Status204NoContent)
            return;
        call.ResponseHeaders.ContentLength = answer.Body.Length;
        if (!HttpMethods.IsHead(call.Method))
            await call.ResponseBody.WriteAsync(answer.Body, call.Cancelled);
    }

    /// <summary>Null if the request is answered already.</summary>
    private async ValueTask<PlainAnswer?> FindAnswerAsync(PlainHttpCall call)
    {
        return call.Path switch
        {
            "/raft" => await _messages.AnswerAsync(call),
            "/raft/snapshot" => await _snapshots.AnswerAsync(call),
            "/raft/probing" => _members.Probe(),
            "/raft/stream" => Redirect(call, StreamRequests.Prefix),
            "/members" => _members.List(call),
            "/members/hashkv" => await _members.HashAsync(call),
            "/leases" => await _leases.KeepAliveAsync(call),
            "/leases/internal" => await _leases.TimeToLiveAsync(call),
            "/downgrade/enabled" => await _members.IsDowngradeEnabledAsync(call),
            "/version" => _members.Version(call),
            var path when path.StartsWith(StreamRequests.Prefix, StringComparison.Ordinal) =>
                await _streams.AnswerAsync(call),
            var path when path.StartsWith(MemberRequests.PromotePrefix, StringComparison.Ordinal) =>
                await _members.PromoteAsync(call),
            _ => PlainAnswer.NotFound(),
        };
    }

    // As Go's servers do for the path of a directory.
    private static PlainAnswer Redirect(PlainHttpCall call, string to)
    {
        bool isRead = HttpMethods.IsGet(call.Method) || HttpMethods.IsHead(call.Method);
        return (isRead
            ? PlainAnswer.Of(
                StatusCodes.Status307TemporaryRedirect,
                "text/html; charset=utf-8",
                $"<a href=\"{to}\">Temporary Redirect</a>.\n\n")
            : new PlainAnswer(StatusCodes.Status307TemporaryRedirect, "", default)).With("Location", to);
    }
}
