using Kv.Testing;

namespace Kv.Node.Tests.Replication;

/// <summary>The power goes while a follower receives and installs a snapshot. Whatever the disk holds then, the
/// follower starts, and is as the others are in the end.</summary>
public sealed class InstallCrashTests
{
    private const int ChangesMax = 500;

    /// <summary>At each change of the disk in turn. The restart is cut short as well, now and then.</summary>
    [Theory]
    [Seeds(3)]
    public void A_crash_at_any_change_of_the_disk_is_made_up_for(int seed)
    {
        var random = new Random(seed);
        int crashes = 0;
        for (int change = 1; change < ChangesMax; change++)
        {
            using var world = new FallenBehind((seed * ChangesMax) + change);
            world.Miss();
            SimulatedDisk disk = world.Cluster.Disk(world.Id);
            disk.CrashAtOperation = disk.OperationCount + change;
            bool hasCrashed = HasCrashed(disk, world.CatchUp);
            crashes += hasCrashed ? 1 : 0;
            if (hasCrashed)
                Restart(world, random);
            disk.CrashAtOperation = null;
            world.Cluster.Elect();
            world.Cluster.AssertEqual();
            if (!hasCrashed)
                break;
        }

        Assert.InRange(crashes, 10, ChangesMax - 2); // else there was nothing to be interrupted
    }

    private static void Restart(FallenBehind world, Random random)
    {
        SimulatedDisk disk = world.Cluster.Disk(world.Id);
        for (int life = 0; life < 3; life++)
        {
            world.Cluster.Kill(world.Id);
            if (random.Next(2) == 0)
                disk.CrashAtOperation = disk.OperationCount + random.Next(1, 40);
            if (!HasCrashed(disk, () => world.Cluster.Start(world.Id)))
                return;
        }

        world.Cluster.Kill(world.Id);
        disk.CrashAtOperation = null;
        world.Cluster.Start(world.Id);
    }

    private static bool HasCrashed(SimulatedDisk disk, Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (Exception end) when (disk.IsOff && end is (SimulatedCrashException or IOException))
        {
            return true;
        }
    }
}
