using System.Buffers.Binary;
using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

public sealed class CompactionTests
{
    private static readonly PageFileOptions Options = new() { GrowBytes = 1 << 16 };

    /// <summary>Values of all sizes, of which most go: what is left fits in not much more than it takes, however the
    /// gaps lie.</summary>
    [Theory]
    [InlineData(1, 200)]
    [InlineData(2, 2_000)]
    [InlineData(3, 20_000)]
    [InlineData(4, 200_000)]
    public void The_file_becomes_as_short_as_its_content(int seed, int valueBytesMax)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        using var file = PageFile.Open(disk, TestFiles.Path, Options);
        var model = new BucketModel();
        Fill(file, model, random, bytes: 3_000_000, valueBytesMax);
        DeleteAll(file, model, _ => random.Next(10) < 7);

        long before = file.FileBytes;
        Compact(file);
        AssertHolds(file, model);

        Assert.InRange(file.FileBytes, 0, before / 2);
        Assert.InRange(file.FileBytes, 0, (file.InUseBytes * 5 / 4) + 100_000);
        using var raw = disk.Open(TestFiles.Path, Kv.Storage.FileAccessMode.Read);
        Assert.Equal(file.FileBytes, raw.Length);

        // Nothing is left to do.
        Assert.InRange(CompactCounting(file), 0, 10);
    }

    [Fact]
    public void Buckets_in_buckets_move_too()
    {
        using var disk = new SimulatedDisk(new Random(1));
        var file = PageFile.Open(disk, TestFiles.Path, Options);
        var model = new BucketModel();
        using (var write = file.BeginWrite())
        {
            PutMany(write.Root, model, "gone", 2000);
            write.Commit();
        }

        using (var write = file.BeginWrite())
        {
            var outer = write.CreateBucketIfMissing("outer"u8);
            var outerModel = new BucketModel();
            model.Buckets.Add("outer"u8.ToArray(), outerModel);
            PutMany(outer, outerModel, "a", 500);
            PutMany(outer, outerModel, "z", 500);
            write.Commit();
        }

        DeleteBucket(file, model, "gone"u8.ToArray());
        for (int life = 0; life < 2; life++)
        {
            Compact(file);
            AssertHolds(file, model);
            Assert.InRange(file.FileBytes, 0, file.InUseBytes + 200_000);
            file.Dispose();
            file = PageFile.Open(disk, TestFiles.Path, Options);
        }

        file.Dispose();
    }

    /// <summary>Between any two steps come writes, and readers that begin and end.</summary>
    [Theory]
    [Seeds(6)]
    public void Readers_and_writers_go_on_in_between(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        using var file = PageFile.Open(disk, TestFiles.Path, Options with { StoreFreeList = seed % 2 == 0 });
        var model = new BucketModel();
        Fill(file, model, random, bytes: 1_500_000, valueBytesMax: 10_000);
        DeleteAll(file, model, _ => random.Next(10) < 7);
        long before = file.FileBytes;

        var workload = new Workload(random);
        var readers = new Queue<(ReadTransaction Reader, BucketModel Model)>();
        var progress = CompactionProgress.Going;
        for (int step = 0; progress != CompactionProgress.Done && step < 2000; step++)
        {
            progress = file.CompactSome(64).Progress;
            if (step % 4 == 0 && step < 100)
            {
                readers.Enqueue((file.BeginRead(), model.Clone()));
                using var write = file.BeginWrite();
                workload.Change(write.CreateBucketIfMissing("other"u8), Inner(model, "other"u8.ToArray()));
                write.Commit();
            }

            if (progress == CompactionProgress.WaitingForReaders || readers.Count > 3)
                CheckAndEnd(readers.Dequeue());
            if (step % 10 == 0)
                Assert.Empty(file.Verify().Faults);
        }

        while (readers.Count > 0)
            CheckAndEnd(readers.Dequeue());
        Compact(file);
        AssertHolds(file, model);
        Assert.InRange(file.FileBytes, 0, Math.Max(before / 2, file.InUseBytes * 5 / 4));
    }

    [Fact]
    public void An_old_reader_keeps_the_end_of_the_file()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var file = PageFile.Open(disk, TestFiles.Path, Options);
        var model = new BucketModel();
        Fill(file, model, new Random(1), bytes: 1_000_000, valueBytesMax: 1000);
        var reader = file.BeginRead();
        var seen = model.Clone();
        DeleteAll(file, model, _ => true);

        var step = default(CompactionStep);
        for (int count = 0; count < 100 && step.Progress == CompactionProgress.Going; count++)
            step = file.CompactSome(1000);
        Assert.Equal(CompactionProgress.WaitingForReaders, step.Progress);
        seen.AssertEqual(reader.Root);
        reader.Dispose();

        Compact(file);
        Assert.InRange(file.FileBytes, 0, 40 * 4096);
        AssertHolds(file, model);
    }

    /// <summary>A snapshot has as many pages as there were when it began, free ones at the end too.</summary>
    [Fact]
    public void A_snapshot_under_way_keeps_the_file_long()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var file = PageFile.Open(disk, TestFiles.Path, Options);
        var model = new BucketModel();
        Fill(file, model, new Random(1), bytes: 1_000_000, valueBytesMax: 1000);
        DeleteAll(file, model, _ => true);
        for (int count = 0; count < 3; count++)
            file.BeginWrite().Commit();

        var snapshot = file.BeginRead();
        for (int count = 0; count < 100; count++)
            file.CompactSome(1000);
        Assert.InRange(file.FileBytes, 0, snapshot.Bytes / 10);
        byte[] bytes = new byte[snapshot.Bytes];
        Assert.Equal(bytes.Length, snapshot.ReadSnapshot(0, bytes));
        snapshot.Dispose();

        Compact(file);
        using var raw = disk.Open(TestFiles.Path, Kv.Storage.FileAccessMode.Read);
        Assert.Equal(file.FileBytes, raw.Length);
    }

    private static void Compact(PageFile file) => Assert.InRange(CompactCounting(file), 0, int.MaxValue);

    private static int CompactCounting(PageFile file)
    {
        int moved = 0;
        for (int count = 0; count < 5000; count++)
        {
            var step = file.CompactSome(100);
            moved += step.MovedPages;
            if (step.Progress == CompactionProgress.Done)
                return moved;
            Assert.Equal(CompactionProgress.Going, step.Progress);
        }

        Assert.Fail("The compaction does not come to an end.");
        return moved;
    }

    private static void AssertHolds(PageFile file, BucketModel model)
    {
        Assert.Empty(file.Verify().Faults);
        using var read = file.BeginRead();
        model.AssertEqual(read.Root);
    }

    private static void CheckAndEnd((ReadTransaction Reader, BucketModel Model) pair)
    {
        pair.Model.AssertEqual(pair.Reader.Root);
        pair.Reader.Dispose();
    }

    private static BucketModel Inner(BucketModel model, byte[] name)
    {
        if (!model.Buckets.TryGetValue(name, out var inner))
            model.Buckets.Add(name, inner = new BucketModel());
        return inner;
    }

    private static void Fill(PageFile file, BucketModel model, Random random, long bytes, int valueBytesMax)
    {
        var inner = Inner(model, "key"u8.ToArray());
        long revision = 0;
        while (bytes > 0)
        {
            using var write = file.BeginWrite();
            var bucket = write.CreateBucketIfMissing("key"u8);
            bucket.FillPercent = 0.9;
            for (int count = 0; count < 200 && bytes > 0; count++)
            {
                byte[] key = new byte[17];
                BinaryPrimitives.WriteInt64BigEndian(key, ++revision);
                byte[] value = new byte[random.Next(random.Next(valueBytesMax) + 1)];
                random.NextBytes(value);
                bucket.Put(key, value);
                inner.Values.Add(key, value);
                bytes -= value.Length + 50;
            }

            write.Commit();
        }
    }

    private static void DeleteAll(PageFile file, BucketModel model, Predicate<byte[]> isDeleted)
    {
        var inner = Inner(model, "key"u8.ToArray());
        foreach (byte[][] batch in inner.Values.Keys.Where(key => isDeleted(key)).ToArray().Chunk(500))
        {
            using var write = file.BeginWrite();
            var bucket = write.CreateBucketIfMissing("key"u8);
            foreach (byte[] key in batch)
            {
                Assert.True(bucket.Delete(key));
                inner.Values.Remove(key);
            }

            write.Commit();
        }
    }

    private static void PutMany(WriteBucket parent, BucketModel parentModel, string name, int count)
    {
        byte[] nameBytes = System.Text.Encoding.ASCII.GetBytes(name);
        var bucket = parent.CreateBucketIfMissing(nameBytes);
        var model = Inner(parentModel, nameBytes);
        for (int index = 0; index < count; index++)
        {
            byte[] key = BitConverter.GetBytes(index * 7919);
            bucket.Put(key, new byte[300]);
            model.Values[key] = new byte[300];
        }
    }

    private static void DeleteBucket(PageFile file, BucketModel model, byte[] name)
    {
        using var write = file.BeginWrite();
        Assert.True(write.DeleteBucket(name));
        model.Buckets.Remove(name);
        write.Commit();
    }
}
