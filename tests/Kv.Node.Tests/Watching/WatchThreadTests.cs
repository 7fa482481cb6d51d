using System.Buffers;
using Etcdserverpb;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

public sealed class WatchThreadTests
{
    private const int Revisions = 3000;
    private const int Readers = 6;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>One thread changes, another is the hub's lane, and readers wait to be woken. Whatever the threads do,
    /// each reader gets every revision once and in order, and none sleeps through the last.</summary>
    [Fact]
    public async Task Readers_on_threads_of_their_own_miss_nothing()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        var store = new MemoryStore();
        using var lane = new ThreadLane();
        WatchLimits limits = WatchLimits.Default with { StreamPendingBytesMax = 2000, PublishedChangesMax = 100 };
        var locked = new LockedHistory(store);
        var hub = new WatchHub(locked, lane, new WatchIdentity(1, 2, () => 3), limits, new Random(1));
        store.Sink = hub;

        Task<List<long>>[] readers =
            [.. Enumerable.Range(0, Readers).Select(reader => Task.Run(() => ReadAsync(hub, reader), stop))];
        await Task.Run(() =>
        {
            for (int change = 0; change < Revisions; change++)
                locked.Do(() => store.Put("k", "v"));
        }, stop);

        foreach (Task<List<long>> reader in readers)
        {
            List<long> revisions = await reader.WaitAsync(Deadline, stop);
            Assert.Equal(Enumerable.Range(2, Revisions).Select(revision => (long)revision), revisions);
        }
    }

    private static async Task<List<long>> ReadAsync(WatchHub hub, int reader)
    {
        using var ready = new SemaphoreSlim(0);
        WatchStream stream = hub.OpenStream(() => ready.Release());
        stream.Create(new WatchCreate(WatchRange.Of("k"u8, []), StartRevision: 2, Fragment: reader % 2 == 0));
        var revisions = new List<long>();
        var buffer = new ArrayBufferWriter<byte>();
        while (revisions.Count < Revisions)
        {
            Assert.True(await ready.WaitAsync(Deadline, TestContext.Current.CancellationToken),
                "The reader was never woken.");
            while (stream.TryRead(out WatchOutput? output))
            {
                buffer.ResetWrittenCount();
                output.WriteTo(buffer);
                WatchResponse response = WatchResponse.Parser.ParseFrom(buffer.WrittenSpan);
                revisions.AddRange(response.Events.Select(told => told.Kv.ModRevision));
            }
        }

        stream.Close();
        return revisions;
    }
}
