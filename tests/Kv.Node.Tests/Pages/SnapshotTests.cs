using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

public sealed class SnapshotTests
{
    /// <summary>Taken piece by piece while the file is written to and compacted, it is a page file of its own with what
    /// there was when it began.</summary>
    [Theory]
    [Seeds(25)]
    public void A_snapshot_holds_what_there_was_at_its_start(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        var options = TestFiles.RandomOptions(random);
        using var file = PageFile.Open(disk, TestFiles.Path, options);
        var workload = new Workload(random);
        var model = new BucketModel();
        int before = random.Next(12);
        for (int transaction = 0; transaction < before; transaction++)
            Change(file, workload, model);

        var expected = model.Clone();
        var read = file.BeginRead();
        using (var copy = disk.Open("/copy", FileAccessMode.Create))
        {
            byte[] buffer = new byte[random.Next(1, 200_000)];
            long offset = 0;
            while (offset < read.Bytes)
            {
                int count = read.ReadSnapshot(offset, buffer);
                copy.Write(offset, buffer.AsSpan(0, count));
                offset += count;
                if (random.Next(20) == 0)
                    Change(file, workload, model);
                if (random.Next(20) == 0)
                    file.CompactSome(100);
            }

            Assert.Equal(0, read.ReadSnapshot(offset, buffer));
        }

        ulong id = read.Id;
        read.Dispose();
        using var opened = PageFile.Open(disk, "/copy", options);
        Assert.Empty(opened.Verify().Faults);
        using (var inCopy = opened.BeginRead())
        {
            Assert.Equal(id, inCopy.Id);
            expected.AssertEqual(inCopy.Root);
        }

        // And it can be written on, and opened again.
        Change(opened, workload, expected);
        Change(opened, workload, expected);
        opened.Dispose();
        using var again = PageFile.Open(disk, "/copy", options);
        using var last = again.BeginRead();
        expected.AssertEqual(last.Root);
    }

    private static void Change(PageFile file, Workload workload, BucketModel model)
    {
        using var write = file.BeginWrite();
        workload.Change(write.Root, model);
        write.Commit();
    }
}
