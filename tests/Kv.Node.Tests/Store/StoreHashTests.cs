using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

public sealed class StoreHashTests
{
    private const int CachedMax = 10;

    /// <summary>At any readable revision, with a compaction decided, under way or finished.</summary>
    [Theory]
    [Seeds(60)]
    public void Is_what_etcd_computes(int seed)
    {
        var random = new Random(seed);
        using SimulatedDisk disk = StoreWorld.MakeDisk(seed);
        using var world = new StoreWorld(disk);
        var model = new NaiveStore();
        var cached = new List<KeyValueHash>();
        var requests = new RandomRequests(random, keys: random.Next(1, 30));

        for (int step = 0; step < 120; step++)
        {
            IMessage request = requests.Next(model.Current, model.Compacted);
            bool isIdle = world.Store.IsCompactionIdle;
            long previous = model.Compacted;
            world.Apply(request);
            bool isDone = model.Apply(request).Error == KvError.None;
            if (request is CompactionRequest && isDone)
            {
                NoteCompaction(model, previous, isIdle, cached);
                for (int turns = random.Next(20); turns > 0; turns--)
                    _ = world.CommitLane.RunOne() | world.CompactionLane.RunOne();
                if (isIdle && random.Next(2) == 0)
                    world.Settle();
            }

            Check(world, model, random.NextInt64(0, model.Current + 2), cached);
        }

        world.Settle();
        world.Restart();
        for (long revision = model.Compacted; revision <= model.Current; revision++)
            Check(world, model, revision, cached: []);
    }

    [Fact]
    public void Of_an_empty_store_is_known()
    {
        using var world = new StoreWorld();
        Assert.Equal(KvError.None, world.Store.HashKv(0, out KeyValueHash hash));
        Assert.Equal(new KeyValueHash(1084519789, CompactRevision: -1, Revision: 1), hash);
    }

    /// <summary>The accident in the rule: what a compaction kept counts again once nothing is left to show.</summary>
    [Fact]
    public void Counts_what_is_kept_when_nothing_shows()
    {
        using var world = new StoreWorld();
        var model = new NaiveStore();
        foreach (IMessage request in (IMessage[])[
            Some.Put("a"), Some.Put("a", "2"), new CompactionRequest { Revision = 3 }, Some.Delete("a")])
        {
            world.Apply(request);
            model.Apply(request);
        }

        world.Settle();
        world.Store.HashKv(4, out KeyValueHash hash);
        Assert.Equal(NaiveHash.At(model, compacted: 3, revision: 4), hash);
        world.Store.HashKv(3, out KeyValueHash atCompaction);
        Assert.Equal(-1, atCompaction.CompactRevision);
    }

    private static void NoteCompaction(NaiveStore model, long previous, bool wasIdle, List<KeyValueHash> cached)
    {
        if (wasIdle)
            cached.Add(NaiveHash.InPassing(model, previous, model.Compacted));
    }

    private static void Check(StoreWorld world, NaiveStore model, long revision, List<KeyValueHash> cached)
    {
        KvError error = world.Store.HashKv(revision, out KeyValueHash actual);
        KeyValueHash? inPassing = cached
            .TakeLast(CachedMax)
            .Where(hash => hash.Revision == revision)
            .Cast<KeyValueHash?>()
            .FirstOrDefault();
        if (inPassing is not null && actual == inPassing)
            return; // else the compaction is still under way

        long at = revision == 0 ? model.Current : revision;
        if (at > model.Current)
            Assert.Equal(KvError.FutureRevision, error);
        else if (at < model.Compacted)
            Assert.Equal(KvError.Compacted, error);
        else
            Assert.Equal(NaiveHash.At(model, model.Compacted, at), actual);
    }
}
