using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

/// <summary>A page file against buckets that are sorted dictionaries: whatever is put, deleted, rolled back, compacted,
/// read by old readers or found after opening again must be the same in both.</summary>
public sealed class PageFileModelTests
{
    [Theory]
    [Seeds(12)]
    public void Answers_as_sorted_dictionaries_would(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        var options = TestFiles.RandomOptions(random);
        var model = new BucketModel();
        var readers = new List<(ReadTransaction Reader, BucketModel Model)>();
        var workload = new Workload(random);

        var file = PageFile.Open(disk, TestFiles.Path, options);
        for (int transaction = 0; transaction < 30; transaction++)
        {
            var changed = model.Clone();
            using (var write = file.BeginWrite())
            {
                workload.Change(write.Root, changed);
                changed.AssertEqual(write.Root);
                if (random.Next(5) != 0)
                {
                    write.Commit();
                    model = changed;
                }
            }

            if (random.Next(3) == 0)
                file.CompactSome(random.Next(1, 200));
            Assert.Empty(file.Verify().Faults);

            using (var read = file.BeginRead())
                model.AssertEqual(read.Root);
            if (random.Next(3) == 0)
                readers.Add((file.BeginRead(), model.Clone()));
            if (readers.Count > 0 && random.Next(3) == 0)
                CheckAndEnd(readers, random.Next(readers.Count));

            if (random.Next(8) == 0)
            {
                while (readers.Count > 0)
                    CheckAndEnd(readers, 0);
                file.Dispose();
                file = PageFile.Open(disk, TestFiles.Path, options);
            }
        }

        while (readers.Count > 0)
            CheckAndEnd(readers, 0);
        file.Dispose();
    }

    private static void CheckAndEnd(List<(ReadTransaction Reader, BucketModel Model)> readers, int index)
    {
        (var reader, var model) = readers[index];
        model.AssertEqual(reader.Root);
        reader.Dispose();
        readers.RemoveAt(index);
    }
}
