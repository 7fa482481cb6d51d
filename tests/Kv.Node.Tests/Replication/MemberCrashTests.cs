using Kv.Testing;

namespace Kv.Node.Tests.Replication;

/// <summary>What a client was told must be there after any crash, however the disk takes it.</summary>
public sealed class MemberCrashTests
{
    private const int Puts = 60;

    /// <summary>The power goes at a random change of the disk, with unsynced sectors lost, kept or torn as chance has
    /// it, again and again: each time the member starts, has every acknowledged put, and goes on with the next
    /// revision.</summary>
    [Theory]
    [Seeds(40)]
    public void What_was_acknowledged_survives_every_crash(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        var acknowledged = new Dictionary<string, (string Value, long Revision)>(StringComparer.Ordinal);
        for (int life = 0; life < 6; life++)
        {
            Live(disk, random, acknowledged, life);
            disk.CrashAtOperation = null;
            disk.Crash();
        }

        using var last = SteppedMember.Start(disk);
        foreach ((string key, (string value, long revision)) in acknowledged)
        {
            string? found = last.Get(key);
            Assert.True(found == value, $"{key}: acknowledged '{value}' at {revision}, found '{found}'");
        }
    }

    /// <summary>The test above would prove nothing if no crash ever fell into the work.</summary>
    [Fact]
    public void Crashes_do_fall_into_the_work()
    {
        int crashed = 0;
        for (int seed = 1; seed <= 10; seed++)
        {
            var random = new Random(seed);
            using var disk = new SimulatedDisk(random);
            var acknowledged = new Dictionary<string, (string Value, long Revision)>(StringComparer.Ordinal);
            if (Live(disk, random, acknowledged, life: 0) && acknowledged.Count is > 0 and < Puts)
                crashed++;
        }

        Assert.True(crashed >= 3, $"Only {crashed} of 10 lives were cut short in the middle.");
    }

    // Returns whether the power went.
    private static bool Live(
        SimulatedDisk disk, Random random, Dictionary<string, (string Value, long Revision)> acknowledged, int life)
    {
        disk.CrashAtOperation = disk.OperationCount + random.Next(1, 250);
        string pending = "";
        try
        {
            using var member = SteppedMember.Start(disk);
            foreach ((string key, (string value, long _)) in acknowledged)
                Assert.Equal(value, member.Get(key));

            long last = member.Store.Kv.CurrentRevision;
            for (int put = 0; put < Puts; put++)
            {
                string key = $"key{random.Next(20)}";
                string value = $"{life}.{put}";
                pending = key;
                acknowledged.Remove(key);
                long revision = member.Put(key, value);
                Assert.Equal(++last, revision);
                acknowledged[key] = (value, revision);
                if (random.Next(10) == 0)
                    member.Commit();
            }

            return false;
        }
        catch (Exception end) when (disk.IsOff && end is (SimulatedCrashException or IOException))
        {
            // The last put may be there or not: nobody was told.
            acknowledged.Remove(pending);
            return true;
        }
    }
}
