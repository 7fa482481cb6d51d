using System.Buffers;
using System.IO.Pipelines;
using Kv.Grpc;
using Kv.Raft;
using Kv.Server.Http;
using Kv.Server.Peers.Wire;
using Microsoft.AspNetCore.Http;

namespace Kv.Server.Peers.Inbound;

/// <summary><c>POST /raft</c>: one message.</summary>
internal sealed class MessageRequests(IPeerMember member, PeerTransport transport, Handshake handshake)
{
    /// <summary>Null if the request was answered otherwise.</summary>
    public async ValueTask<PlainAnswer?> AnswerAsync(PlainHttpCall call)
    {
        if (!HttpMethods.IsPost(call.Method))
            return PeerSite.OnlyPost();
        if (!handshake.TryPass(call, out PlainAnswer? refusal))
            return refusal is null ? null : WithCluster(refusal);

        handshake.Meet(call);
        byte[]? body = await ReadAsync(call);
        if (body is null)
            return WithCluster(PlainAnswer.Refuse(StatusCodes.Status400BadRequest, "error reading raft message"));
        Message? message = RaftMessageDecoder.TryDecode(body);
        if (message is null)
            return WithCluster(PlainAnswer.Refuse(StatusCodes.Status400BadRequest, "error unmarshalling raft message"));

        transport.Options.Observer.OnReceived(message.From, body.Length);
        if (transport.Intake.Admit(message) != Admission.Admitted)
            await BreakOffAsync(call);
        return WithCluster(PeerSite.NoContent());
    }

    /// <summary>Null if there is too much of it.</summary>
    private async ValueTask<byte[]?> ReadAsync(PlainHttpCall call)
    {
        using var reader = new PatientReader(call, transport.Options.ReadTimeout);
        while (true)
        {
            ReadResult read = await reader.ReadAsync();
            if (read.Buffer.Length > WireLimits.FrameBytesMax)
                return null;
            if (read.IsCompleted)
            {
                byte[] body = read.Buffer.ToArray();
                reader.Advance(read.Buffer.End);
                return body;
            }

            reader.Advance(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>What etcd does with a message that is not for it: says so and drops the connection.</summary>
    private async ValueTask BreakOffAsync(PlainHttpCall call)
    {
        PlainAnswer answer = WithCluster(
            PlainAnswer.Refuse(StatusCodes.Status500InternalServerError, "error processing raft message"));
        PeerSite.WriteHead(call, answer);
        await call.ResponseBody.WriteAsync(answer.Body, call.Cancelled);

        // Kestrel, too, closes the connection without an end of the response, once what was written has left.
        throw new BadHttpRequestException("error processing raft message", answer.Status);
    }

    private PlainAnswer WithCluster(PlainAnswer answer) =>
        answer.With(PeerHeaders.ClusterId, PeerHeaders.ToText(member.ClusterId));
}
