using System.Buffers;
using Kv.Store;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

public sealed class WatchCostTests
{
    private const int Watchers = 100;
    private const int Batches = 200;
    private const int RevisionsInBatch = 20;

    /// <summary>A hundred streams watch one prefix. What an event costs in memory is its bytes, once; to give it to one
    /// more watcher costs next to nothing.</summary>
    [Fact]
    public void An_event_is_encoded_once_for_all_its_watchers()
    {
        var store = new MemoryStore();
        var lane = new QueueLane();
        var hub = new WatchHub(store, lane, new WatchIdentity(1, 2, () => 3), WatchLimits.Default, new Random(1));
        WatchStream[] streams = [.. Enumerable.Range(0, Watchers).Select(_ => hub.OpenStream(() => { }))];
        foreach (WatchStream stream in streams)
            stream.Create(new WatchCreate(WatchRange.Of("k"u8, "l"u8)));
        var buffer = new ArrayBufferWriter<byte>(1 << 20);
        byte[] keyValue = new byte[256];
        long revision = store.CurrentRevision;

        long before = 0;
        for (int batch = 0; batch < 2 * Batches; batch++)
        {
            if (batch == Batches)
                before = GC.GetAllocatedBytesForCurrentThread(); // all that grows has grown
            for (int published = 0; published < RevisionsInBatch; published++)
            {
                revision++;
                var change = new Change(new Revision(revision, 0), false, "key"u8.ToArray(), keyValue);
                hub.Publish(revision, [change]);
            }

            lane.RunAll();
            foreach (WatchStream stream in streams)
                ReadAll(stream, buffer);
        }

        long perEvent = (GC.GetAllocatedBytesForCurrentThread() - before) / (Batches * RevisionsInBatch);
        Assert.Equal(2L * Batches * RevisionsInBatch * Watchers, hub.Counters.Events);

        // The event's array and the key made here; a hundred watchers share what else there is.
        Assert.InRange(perEvent, 256, 256 + 64 + Watchers);
    }

    private static void ReadAll(WatchStream stream, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        while (stream.TryRead(out WatchOutput? output))
            output.WriteTo(buffer);
    }
}
