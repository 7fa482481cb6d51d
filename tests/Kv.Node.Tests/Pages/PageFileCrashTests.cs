using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

/// <summary>The power goes at each operation of a run in turn, and of what was not synced any part is lost. After that
/// the file must hold what the last commit left or, if the power went during a commit, that one's, and be
/// sound.</summary>
public sealed class PageFileCrashTests
{
    private const int TransactionCount = 5;

    [Theory]
    [Seeds(4)]
    public void A_crash_at_any_moment_leaves_the_last_commit(int seed) => CrashAtEach(seed, compactAlways: false);

    [Theory]
    [Seeds(3)]
    public void A_crash_while_compacting_loses_nothing(int seed) => CrashAtEach(seed, compactAlways: true);

    /// <summary>Either meta page leads to a whole tree at any time, also when the power went while the next commit was
    /// under way: its pages are not those that the older meta page still needs.</summary>
    [Theory]
    [Seeds(30)]
    public void The_newest_meta_page_may_be_lost_too(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        var options = TestFiles.RandomOptions(random) with { StoreFreeList = false };
        var models = new List<BucketModel> { new() };
        var workload = new Workload(random);
        var file = PageFile.Open(disk, TestFiles.Path, options);
        for (int transaction = 0; transaction < TransactionCount; transaction++)
        {
            models.Add(Change(file, workload, models[^1]));
            if (random.Next(2) == 0)
                file.CompactSome(random.Next(1, 100));
        }

        // The last one reaches the disk in part, its meta page not at all.
        disk.CrashAtOperation = disk.OperationCount + random.Next(1, 3);
        try
        {
            Change(file, workload, models[^1]);
        }
        catch (SimulatedCrashException)
        {
            // As asked.
        }

        disk.Crash();
        int newest = NewestSlot(disk, options);
        using (var raw = disk.Open(TestFiles.Path, Kv.Storage.FileAccessMode.ReadWrite))
            raw.Write((newest * (long)options.PageSize) + 20, [0xff, 0xff, 0xff, 0xff]);
        file.Dispose();

        using var reopened = PageFile.Open(disk, TestFiles.Path, options);
        Assert.All(reopened.Verify().Faults, fault => Assert.True(fault.Page.Value < 2));
        using var read = reopened.BeginRead();
        Assert.True(Matches(models[^2], read.Root) || Matches(models[^1], read.Root));
    }

    private static void CrashAtEach(int seed, bool compactAlways)
    {
        for (long crashAt = 1; ; crashAt++)
        {
            var random = new Random(seed);
            using var disk = new SimulatedDisk(new Random(HashCode.Combine(seed, (int)crashAt)));
            disk.CrashAtOperation = crashAt;
            var options = TestFiles.RandomOptions(random);
            var run = new Run(disk, options, random);
            bool hasCrashed = run.Play(compactAlways);

            disk.Crash();
            run.File?.Dispose();
            using (var file = PageFile.Open(disk, TestFiles.Path, options))
            {
                Assert.Empty(file.Verify().Faults);
                using var read = file.BeginRead();
                Assert.True(Matches(run.Before, read.Root) || Matches(run.After, read.Root), $"crash at {crashAt}");

                // And it can go on.
                run.CheckFurther(file, Matches(run.After, read.Root) ? run.After : run.Before);
            }

            if (!hasCrashed)
                return;
        }
    }

    private static BucketModel Change(PageFile file, Workload workload, BucketModel model)
    {
        var changed = model.Clone();
        using var write = file.BeginWrite();
        workload.Change(write.Root, changed);
        write.Commit();
        return changed;
    }

    private static bool Matches(BucketModel model, Bucket bucket)
    {
        try
        {
            model.AssertEqual(bucket);
            return true;
        }
        catch (Xunit.Sdk.XunitException)
        {
            return false;
        }
    }

    private static int NewestSlot(SimulatedDisk disk, PageFileOptions options)
    {
        using var file = PageFile.Open(disk, TestFiles.Path, options with { ReadOnly = true });
        using var read = file.BeginRead();
        return (int)(read.Id % 2);
    }

    /// <summary>A run of transactions, with what is known to be on disk at each moment.</summary>
    private sealed class Run(SimulatedDisk disk, PageFileOptions options, Random random)
    {
        private readonly Workload _workload = new(random);

        public PageFile? File { get; private set; }

        public BucketModel Before { get; private set; } = new();

        public BucketModel After { get; private set; } = new();

        public bool Play(bool compactAlways)
        {
            try
            {
                File = PageFile.Open(disk, TestFiles.Path, options);
                for (int transaction = 0; transaction < TransactionCount; transaction++)
                {
                    Change(File);
                    if (compactAlways)
                        CompactWholly(File);
                    else if (random.Next(2) == 0)
                        File.CompactSome(random.Next(1, 100));
                }

                return false;
            }
            catch (SimulatedCrashException)
            {
                return true;
            }
        }

        public void CheckFurther(PageFile file, BucketModel found)
        {
            Before = found;
            Change(file);
            CompactWholly(file);
            Assert.Empty(file.Verify().Faults);
            using var read = file.BeginRead();
            After.AssertEqual(read.Root);
        }

        private void Change(PageFile file)
        {
            After = Before.Clone();
            using var write = file.BeginWrite();
            _workload.Change(write.Root, After);
            write.Commit();
            Before = After;
        }

        private static void CompactWholly(PageFile file)
        {
            for (int step = 0; step < 1000; step++)
            {
                if (file.CompactSome(64).Progress != CompactionProgress.Going)
                    return;
            }

            Assert.Fail("The compaction does not come to an end.");
        }
    }
}
