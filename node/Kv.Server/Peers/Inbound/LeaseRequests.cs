using Etcdserverpb;
using Google.Protobuf;
using Kv.Grpc;
using Kv.Server.Http;
using Leasepb;
using Microsoft.AspNetCore.Http;

namespace Kv.Server.Peers.Inbound;

/// <summary>What followers pass on about leases, whose clocks only the leader has.</summary>
internal sealed class LeaseRequests(IPeerMember member)
{
    private const string Protobuf = "application/protobuf";
    private const int BodyBytesMax = 64 * 1024;

    public async ValueTask<PlainAnswer> KeepAliveAsync(PlainHttpCall call)
    {
        (LeaseKeepAliveRequest? request, PlainAnswer? refusal) = await ReadAsync(call, LeaseKeepAliveRequest.Parser);
        if (request is null)
            return refusal!;
        PeerAnswer<long> answer = await member.KeepAliveAsync(request.ID, call.Cancelled);
        return answer.IsRefused
            ? PlainAnswer.Refuse(answer.Status, answer.Error)
            : Of(new LeaseKeepAliveResponse { ID = request.ID, TTL = answer.Value });
    }

    /// <summary>Null if the request got no answer but the end of its connection.</summary>
    public async ValueTask<PlainAnswer?> TimeToLiveAsync(PlainHttpCall call)
    {
        (LeaseInternalRequest? request, PlainAnswer? refusal) = await ReadAsync(call, LeaseInternalRequest.Parser);
        if (request is null)
            return refusal;
        if (request.LeaseTimeToLiveRequest is null)
        {
            call.Abort();
            return null;
        }

        PeerAnswer<LeaseTimeToLiveResponse> answer =
            await member.TimeToLiveAsync(request.LeaseTimeToLiveRequest, call.Cancelled);
        if (answer.IsRefused)
            return PlainAnswer.Refuse(answer.Status, answer.Error);
        LeaseTimeToLiveResponse life = answer.Value!;
        life.Header ??= new ResponseHeader(); // there, and empty
        return Of(new LeaseInternalResponse { LeaseTimeToLiveResponse = life });
    }

    private static async ValueTask<(T? Request, PlainAnswer? Refusal)> ReadAsync<T>(
        PlainHttpCall call, MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        if (!HttpMethods.IsPost(call.Method))
            return (null, PlainAnswer.Refuse(StatusCodes.Status405MethodNotAllowed, "Method Not Allowed"));
        byte[]? body = await call.ReadBodyAsync(BodyBytesMax);
        if (body is null)
        {
            return (null, PlainAnswer.Refuse(StatusCodes.Status413PayloadTooLarge, "request body too large")
                .With("Connection", "close"));
        }

        try
        {
            return (parser.ParseFrom(body), null);
        }
        catch (InvalidProtocolBufferException)
        {
            return (null, PlainAnswer.Refuse(StatusCodes.Status400BadRequest, "error unmarshalling request"));
        }
    }

    private static PlainAnswer Of(IMessage message) =>
        new(StatusCodes.Status200OK, Protobuf, message.ToByteArray());
}
