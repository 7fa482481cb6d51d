using Kv.Storage;
using Kv.Storage.Log;
using Kv.Testing;

namespace Kv.Node.Tests.Wal;

public sealed class LogCrashTests
{
    private static readonly LogOptions Small = new(SegmentBytes: 8192);

    /// <summary>Whatever was said to be on disk is still there after a crash, and what is there is a prefix of what
    /// was written: a record may be lost, but none may be lost from the middle, altered or made up. However a life
    /// ends, by power loss at any moment (also while a log is being opened), by a failed write or sync, by kill or in
    /// good order, and whatever was found once is found again.</summary>
    [Theory]
    [Seeds(150)]
    public void A_crash_loses_only_records_nobody_was_promised(int seed)
    {
        var random = new Random(seed);
        using var disk = NewDisk(random);
        var log = new CrashingLog(disk, random, Small);
        for (int life = 0; life < 6; life++)
        {
            OpenDespitePowerLoss(disk, log, random);
            Live(disk, log, random);
        }

        OpenDespitePowerLoss(disk, log, random);
        log.Kill();
    }

    /// <summary>The same life is crashed at each of its disk operations in turn.</summary>
    [Fact]
    public void There_is_no_moment_at_which_a_crash_does_harm()
    {
        int moments = 0;
        int repairs = 0;
        for (int operation = 1; ; operation++)
        {
            using SimulatedDisk disk = NewDisk(new Random(operation));
            disk.CrashAtOperation = disk.OperationCount + operation;
            var log = new CrashingLog(disk, new Random(7), Small);
            bool isOver = TryLive(log);
            disk.Crash();
            log.Open();
            log.Kill();
            repairs += log.RepairCount;
            if (isOver)
                break;
            moments++;
        }

        Assert.InRange(moments, 100, 1000);
        Assert.InRange(repairs, 10, 1000); // else these crashes tore nothing
    }

    [Theory]
    [Seeds(50)]
    public void A_full_disk_loses_nothing(int seed)
    {
        var random = new Random(seed);
        using SimulatedDisk disk = NewDisk(random);
        disk.CapacityBytes = random.Next(2 * 8192, 6 * 8192);
        var log = new CrashingLog(disk, random, Small);
        Assert.Throws<DiskFullException>(() =>
        {
            log.Open();
            for (int step = 0; step < 2000; step++)
                log.DoSomething();
        });
        log.Kill();
        if (random.Next(2) == 0)
            disk.Crash();
        if (log.PromisedCount > 0)
        {
            log.Open(); // there is still no room
            log.Kill();
        }

        disk.CapacityBytes = long.MaxValue;
        log.Open();
        log.Sync();
        log.Kill();
    }

    private static SimulatedDisk NewDisk(Random random)
    {
        var disk = new SimulatedDisk(random);
        disk.CreateDirectory("/data");
        disk.SyncDirectory("/");
        return disk;
    }

    private static void OpenDespitePowerLoss(SimulatedDisk disk, CrashingLog log, Random random)
    {
        for (int attempt = 0; attempt < 3; attempt++)
        {
            try
            {
                if (random.Next(3) == 0)
                    disk.CrashAtOperation = disk.OperationCount + random.Next(1, 15);
                log.Open();
                disk.CrashAtOperation = null;
                return;
            }
            catch (SimulatedCrashException)
            {
                log.Kill();
                disk.Crash();
            }
        }

        log.Open();
    }

    private static void Live(SimulatedDisk disk, CrashingLog log, Random random)
    {
        int ending = random.Next(4);
        long last = disk.OperationCount + random.Next(1, 60);
        if (ending == 0)
            disk.CrashAtOperation = last;
        else if (ending == 1)
            disk.FailAtOperation = last;

        try
        {
            int steps = random.Next(random.Next(3) == 0 ? 3 : 120);
            for (int step = 0; step < steps || ending < 2; step++)
                log.DoSomething();
            if (ending == 2)
                log.Close();
        }
        catch (SimulatedCrashException)
        {
        }
        catch (IOException) when (ending == 1)
        {
            log.RefusesUse();
        }

        log.Kill();
        if (ending == 0 || random.Next(2) == 0)
            disk.Crash();
    }

    private static bool TryLive(CrashingLog log)
    {
        try
        {
            log.Open();
            for (int step = 0; step < 200; step++)
                log.DoSomething();
            log.Close();
            return true;
        }
        catch (SimulatedCrashException)
        {
            log.Kill();
            return false;
        }
    }
}
