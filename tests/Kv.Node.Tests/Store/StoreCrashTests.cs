using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

public sealed class StoreCrashTests
{
    private const int EntryCount = 60;

    /// <summary>The power goes at any moment. What is found then is the effect of the first so many entries, and the
    /// index says how many; no fewer than were said to be durable; and the rest of the log brings the store to where it
    /// would have been.</summary>
    [Theory]
    [Seeds(120)]
    public void A_crash_leaves_the_effect_of_a_prefix_of_the_log(int seed)
    {
        var random = new Random(seed);
        using SimulatedDisk disk = StoreWorld.MakeDisk(seed);
        List<IMessage> log = MakeLog(random);
        using var world = new StoreWorld(disk);
        ulong promised = Play(world, disk, log, random);
        disk.Crash();
        world.Backend.Dispose();
        world.Open();

        Assert.InRange(world.Index, promised, (ulong)log.Count);
        NaiveStore model = Replay(log, (int)world.Index);
        CheckEqual(world, model);

        for (int index = (int)world.Index; index < log.Count; index++)
            world.Apply(log[index]);
        world.Settle();
        world.Restart();
        model = Replay(log, log.Count);
        CheckEqual(world, model);
        Assert.Equal((ulong)log.Count, world.Index);
        world.Store.HashKv(0, out KeyValueHash hash);
        Assert.Equal(NaiveHash.At(model, model.Compacted, model.Current), hash);
    }

    private static List<IMessage> MakeLog(Random random)
    {
        var model = new NaiveStore();
        var requests = new RandomRequests(random, keys: 15);
        var log = new List<IMessage>();
        for (int count = 0; count < EntryCount; count++)
        {
            log.Add(requests.Next(model.Current, model.Compacted));
            model.Apply(log[^1]);
        }

        return log;
    }

    // Plays until the power goes; returns up to which entry all was said to be durable.
    private static ulong Play(StoreWorld world, SimulatedDisk disk, List<IMessage> log, Random random)
    {
        ulong promised = 0;
        disk.CrashAtOperation = disk.OperationCount + random.Next(1, 120);
        try
        {
            foreach (IMessage request in log)
            {
                world.Apply(request);
                ulong index = world.Index;
                if (random.Next(5) == 0)
                    world.Backend.ForceCommit(() => promised = index);
                else if (random.Next(4) == 0)
                    world.Tick();
                for (int turns = random.Next(3); turns > 0; turns--)
                    _ = world.CommitLane.RunOne() | world.CompactionLane.RunOne();
            }

            world.Settle();
        }
        catch (SimulatedCrashException)
        {
            // As asked.
        }

        return promised;
    }

    private static NaiveStore Replay(List<IMessage> log, int count)
    {
        var model = new NaiveStore();
        foreach (IMessage request in log.Take(count))
            model.Apply(request);
        return model;
    }

    private static void CheckEqual(StoreWorld world, NaiveStore model)
    {
        Assert.Equal(model.Current, world.Store.CurrentRevision);
        Assert.Equal(model.Compacted, world.Store.CompactRevision);
        for (long revision = Math.Max(model.Compacted, 1); revision <= model.Current; revision++)
        {
            var all = new RangeRequest { Key = "\0".Bytes(), RangeEnd = "\0".Bytes(), Revision = revision };
            Assert.Equal(model.Range(all), world.Range(all));
        }
    }
}
