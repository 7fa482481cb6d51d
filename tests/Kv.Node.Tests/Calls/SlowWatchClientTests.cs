using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Kv.Node.Tests.Calls;

/// <summary>Clients of Watch that do not read: what they can make a node keep is bounded, and when they read at last
/// nothing is missing.</summary>
public sealed class SlowWatchClientTests
{
    private const int Offered = 40_000;

    // Answers that lie in the window the client granted and in the buffers of the connection, each of some 30 bytes;
    // and those that may wait here.
    private const int ListenedMax = 12_000;

    public static TheoryData<string, WatchRequest> Requests => new()
    {
        { "watchers", Create("k") },
        { "watchers of nothing", Create("k", "a") },
        { "progress", new WatchRequest { ProgressRequest = new WatchProgressRequest() } },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_client_that_reads_no_answers_is_not_listened_to(string what, WatchRequest request)
    {
        await using WatchServer server = await WatchServer.StartAsync();
        using GrpcChannel channel = server.Connect();
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call = new Watch.WatchClient(channel).Watch();
        await call.RequestStream.WriteAsync(Create("first"));
        Task asking = AskAsync(call, request);
        long listened = await Eventually.SettlesAsync(() => server.Received);
        Assert.True(listened is > 1000 and < ListenedMax, $"{what}: listened to {listened}");

        for (int answer = 0; answer <= Offered; answer++)
            Assert.True(await call.ResponseStream.MoveNext().WaitAsync(Eventually.Deadline));
        await asking.WaitAsync(Eventually.Deadline);
        Assert.Equal(Offered + 1, server.Received);
    }

    [Fact]
    public async Task It_costs_other_clients_nothing()
    {
        await using WatchServer server = await WatchServer.StartAsync();
        using GrpcChannel channel = server.Connect();
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> silent = new Watch.WatchClient(channel).Watch();
        Task asking = AskAsync(silent, Create("k"));
        await Eventually.SettlesAsync(() => server.Received);

        // Not even on the same connection.
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> other = new Watch.WatchClient(channel).Watch();
        await other.RequestStream.WriteAsync(Create("k"));
        Assert.True((await NextAsync(other)).Created);
        server.Put("k", "v");
        Assert.Single((await NextAsync(other)).Events);

        silent.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => asking.WaitAsync(Eventually.Deadline));
        await Eventually.HoldsAsync(() => server.Hub.Counters.Watchers == 1, "the silent client's are gone");
        Assert.Equal(1, server.Hub.Counters.Streams);
    }

    [Fact]
    public async Task A_client_that_reads_no_events_costs_a_bounded_amount_and_misses_none()
    {
        const int Revisions = 400;
        const int ValueBytes = 64 * 1024;
        await using WatchServer server = await WatchServer.StartAsync();
        using GrpcChannel channel = server.Connect();
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> slow = new Watch.WatchClient(channel).Watch();
        await slow.RequestStream.WriteAsync(Create("k"));
        Assert.True((await NextAsync(slow)).Created);

        long pendingMax = 0;
        for (int revision = 0; revision < Revisions; revision++)
        {
            server.Put("k", new string('v', ValueBytes));
            pendingMax = Math.Max(pendingMax, server.Hub.Counters.PendingBytes);
        }

        await Eventually.HoldsAsync(() => server.Hub.Counters.SlowWatchers == 1, "the watcher is behind");
        pendingMax = Math.Max(pendingMax, server.Hub.Counters.PendingBytes);
        Assert.InRange(pendingMax, 1, server.Limits.StreamPendingBytesMax + (4L * ValueBytes));

        var seen = new List<long>();
        while (seen.Count < Revisions)
            seen.AddRange((await NextAsync(slow)).Events.Select(told => told.Kv.ModRevision));
        Assert.Equal(Enumerable.Range(2, Revisions).Select(revision => (long)revision), seen);
        await Eventually.HoldsAsync(() => server.Hub.Counters.SlowWatchers == 0, "the watcher is live again");
    }

    private static WatchRequest Create(string key, string rangeEnd = "") => new()
    {
        CreateRequest = new WatchCreateRequest
        {
            Key = ByteString.CopyFromUtf8(key),
            RangeEnd = ByteString.CopyFromUtf8(rangeEnd),
        },
    };

    private static async Task AskAsync(
        AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call, WatchRequest request)
    {
        for (int asked = 0; asked < Offered; asked++)
            await call.RequestStream.WriteAsync(request);
    }

    private static async Task<WatchResponse> NextAsync(AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call)
    {
        Assert.True(await call.ResponseStream.MoveNext().WaitAsync(Eventually.Deadline));
        return call.ResponseStream.Current;
    }
}
