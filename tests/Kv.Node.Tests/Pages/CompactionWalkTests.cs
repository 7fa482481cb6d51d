using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

public sealed class CompactionWalkTests
{
    /// <summary>With the whole file as its zone and no place to go but behind it, a walk in small steps leaves no page
    /// where it was, however buckets are nested.</summary>
    [Theory]
    [Seeds(40)]
    public void One_round_moves_every_page_of_its_zone(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        var options = TestFiles.RandomOptions(random) with { StoreFreeList = false };
        using var file = PageFile.Open(disk, TestFiles.Path, options);
        var model = new BucketModel();
        var workload = new Workload(random);
        for (int transaction = 0; transaction < 15; transaction++)
        {
            using var write = file.BeginWrite();
            workload.Change(write.Root, model);
            write.Commit();
        }

        var nesting = new HashSet<byte[]>(KeyComparer.Instance);
        for (List<byte[]>? resume = []; resume is not null;)
        {
            // The first round is what tells the others where buckets are.
            using var transaction = file.BeginCompaction();
            var walk = new CompactionWalk(transaction, CompactionZone.Thin, pagesMax: 8, nesting);
            resume = walk.Run(resume);
        }

        ulong end = file.Current.Meta.HighWater;
        var zone = CompactionZone.Stretch(new PageId(2), new PageId(end));
        file.Pool.Free.Bar(zone.From, zone.To);
        for (List<byte[]>? resume = []; resume is not null;)
        {
            using var transaction = file.BeginCompaction();
            resume = new CompactionWalk(transaction, zone, pagesMax: 8, nesting).Run(resume);
            transaction.Commit();
        }

        Assert.Empty(file.Verify().Faults);
        using var read = file.BeginRead();
        model.AssertEqual(read.Root);
        AssertAllAfter(end, read.State, read.Root);
    }

    private static void AssertAllAfter(ulong end, CommittedState state, Bucket bucket)
    {
        var root = bucket.RootPage();
        if (root.Id.Value == 0)
            return;

        AssertAllAfter(end, state, root);
        var cursor = bucket.OpenCursor();
        for (bool stands = cursor.SeekFirst(); stands; stands = cursor.Next())
        {
            if (cursor.IsBucket)
                AssertAllAfter(end, state, cursor.OpenBucket());
        }
    }

    private static void AssertAllAfter(ulong end, CommittedState state, Page page)
    {
        Assert.True(page.Id.Value >= end, $"page {page.Id} was not moved");
        for (int index = 0; !page.IsLeaf && index < page.Count; index++)
            AssertAllAfter(end, state, state.GetPage(page.Child(index)));
    }
}
