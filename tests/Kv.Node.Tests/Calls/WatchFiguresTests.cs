using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Server.Metrics;

namespace Kv.Node.Tests.Calls;

public sealed class WatchFiguresTests
{
    [Fact]
    public async Task What_is_sent_is_timed_by_what_it_is()
    {
        await using WatchServer server = await WatchServer.StartAsync();
        using GrpcChannel channel = server.Connect();
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call = new Watch.WatchClient(channel).Watch();
        await call.RequestStream.WriteAsync(new WatchRequest
        {
            CreateRequest = new WatchCreateRequest { Key = ByteString.CopyFromUtf8("k") },
        });
        Assert.True(await call.ResponseStream.MoveNext());
        server.Put("k", "v");
        Assert.True(await call.ResponseStream.MoveNext());
        await call.RequestStream.WriteAsync(new WatchRequest { ProgressRequest = new WatchProgressRequest() });
        Assert.True(await call.ResponseStream.MoveNext());

        WatchMetrics metrics = server.Metrics.Watch;
        foreach (Histogram sent in new[]
        {
            metrics.SendControl, metrics.SendEvents, metrics.SendPerEvent, metrics.SendProgress,
        })
        {
            await Eventually.HoldsAsync(() => sent.Read().Count == 1, "one of each was sent");
        }
    }

    [Fact]
    public async Task What_is_no_request_ends_the_stream_and_is_counted()
    {
        await using WatchServer server = await WatchServer.StartAsync();
        using GrpcChannel channel = server.Connect();
        var garbage = new Method<byte[], WatchResponse>(
            MethodType.DuplexStreaming,
            "etcdserverpb.Watch",
            "Watch",
            Marshallers.Create(static bytes => bytes, static bytes => bytes),
            Marshallers.Create(static message => message.ToByteArray(), WatchResponse.Parser.ParseFrom));
        using AsyncDuplexStreamingCall<byte[], WatchResponse> call =
            channel.CreateCallInvoker().AsyncDuplexStreamingCall(garbage, host: null, new CallOptions());
        await call.RequestStream.WriteAsync([0x0a, 0x7f]);
        RpcException ended = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.Equal(StatusCode.Internal, ended.StatusCode);
        Assert.Equal(1, server.Metrics.Requests.StreamFailures.With("watch", "receive").Value);
    }
}
