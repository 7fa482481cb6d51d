using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

public sealed class PendingTotalTests
{
    /// <summary>Consumers that do not read are each allowed a little, and together no more than all may keep; when they
    /// read at last, none has missed anything.</summary>
    [Fact]
    public void Slow_streams_together_keep_no_more_than_all_may()
    {
        const int Streams = 50;
        const int Revisions = 100;
        const int ValueBytes = 2000;
        const int EventBytesMax = ValueBytes + 100;
        WatchLimits limits = WatchLimits.Default with
        {
            StreamPendingBytesMax = 100_000,
            StreamPendingBytesMin = 1000,
            TotalPendingBytesMax = 200_000,
        };
        var store = new MemoryStore();
        var lane = new QueueLane();
        var hub = new WatchHub(store, lane, new WatchIdentity(1, 2, () => 3), limits, new Random(1));
        store.Sink = hub;
        WatchClient[] clients = [.. Enumerable.Range(0, Streams).Select(_ => new WatchClient(hub))];
        foreach (WatchClient client in clients)
            client.Stream.Create(new WatchCreate(WatchRange.Of("k"u8, default)));
        lane.RunAll();

        for (int revision = 0; revision < Revisions; revision++)
        {
            store.Put("k", new string('v', ValueBytes));
            lane.RunAll();
            Assert.InRange(
                hub.Counters.PendingBytes,
                0,
                limits.TotalPendingBytesMax + (Streams * (limits.StreamPendingBytesMin + EventBytesMax)));
        }

        Assert.InRange(hub.Counters.PendingBytes, limits.TotalPendingBytesMax, long.MaxValue);
        for (int turn = 0; turn < 10 * Revisions && hub.Counters.SlowWatchers > 0; turn++)
        {
            foreach (WatchClient client in clients)
                client.ReadAll();
            lane.RunAll();
        }

        Assert.Equal(0, hub.Counters.SlowWatchers);
        foreach (WatchClient client in clients)
        {
            client.ReadAll();
            Assert.Equal(
                Enumerable.Range(2, Revisions),
                client.Received.SelectMany(response => response.Events).Select(told => (int)told.Kv.ModRevision));
        }
    }
}
