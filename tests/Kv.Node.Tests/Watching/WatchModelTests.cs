using Kv.Testing;

namespace Kv.Node.Tests.Watching;

public sealed class WatchModelTests
{
    /// <summary>Each watcher is told every change of its range exactly once and in order, whole revisions together, and
    /// never a change that a progress notice had said was passed; unless what it should get next is compacted, and
    /// then it is told that.</summary>
    [Theory]
    [Seeds(25)]
    public void Every_watcher_is_told_each_change_once_and_in_order(int seed)
    {
        using var world = new WatchWorld(seed);
        for (int round = 0; round < 3; round++)
        {
            world.Run(400);
            world.Settle();
        }
    }

    /// <summary>The same with the real store and its page file, whose batches are written and whose compactions run at
    /// any moment.</summary>
    [Theory]
    [Seeds(8)]
    public void The_real_store_tells_its_history_as_it_was(int seed)
    {
        using var world = new WatchWorld(seed, isReal: true);
        for (int round = 0; round < 2; round++)
        {
            world.Run(400);
            world.Settle();
        }
    }

    /// <summary>Beside each "never", that the world does anything at all.</summary>
    [Fact]
    public void The_world_is_busy()
    {
        WatchWorld[] worlds = [.. Enumerable.Range(1, 5).Select(seed => new WatchWorld(seed))];
        foreach (WatchWorld world in worlds)
        {
            world.Run(600);
            world.Settle();
        }

        Assert.InRange(worlds.Sum(world => world.Told), 1000, long.MaxValue);
        Assert.InRange(worlds.Sum(world => world.Lost), 5, int.MaxValue);
        Assert.InRange(worlds.Sum(world => world.ProgressHeard), 10, int.MaxValue);
    }
}
