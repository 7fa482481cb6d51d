using System.Buffers.Binary;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

public sealed class PageFileTests
{
    [Fact]
    public void A_new_file_is_what_bbolt_would_make()
    {
        using var disk = new SimulatedDisk(new Random(1));
        PageFile.Open(disk, TestFiles.Path, new PageFileOptions()).Dispose();

        Assert.Equal(["db"], disk.List("/"));
        byte[] bytes = Read(disk, TestFiles.Path);
        Assert.Equal(4 * 4096, bytes.Length);
        Assert.Equal(
            "00000000000000000400000000000000EDDA0CED020000000010000000000000"
            + "0300000000000000000000000000000002000000000000000400000000000000"
            + "0000000000000000",
            Convert.ToHexString(bytes, 0, 72));
        Assert.Equal(
            "01000000000000000400000000000000EDDA0CED020000000010000000000000"
            + "0300000000000000000000000000000002000000000000000400000000000000"
            + "0100000000000000",
            Convert.ToHexString(bytes, 4096, 72));
        Assert.Equal("02000000000000001000000000000000", Convert.ToHexString(bytes, 2 * 4096, 16));
        Assert.Equal("03000000000000000200000000000000", Convert.ToHexString(bytes, 3 * 4096, 16));
    }

    [Fact]
    public void Only_one_process_may_have_it_for_writing()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var first = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        Assert.Throws<PageFileLockedException>(() => PageFile.Open(disk, TestFiles.Path, new PageFileOptions()));
        using var reader = PageFile.Open(disk, TestFiles.Path, new PageFileOptions { ReadOnly = true });
        Assert.Empty(reader.Verify().Faults);
    }

    [Fact]
    public void The_file_grows_ahead_of_what_it_needs()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        PutOne(file, 1, 100);
        Assert.Equal(file.FileBytes + (16 << 20), Read(disk, TestFiles.Path).Length);
        long length = Read(disk, TestFiles.Path).Length;
        PutOne(file, 2, 1_000_000);
        Assert.Equal(length, Read(disk, TestFiles.Path).Length);
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(16384)]
    public void The_page_size_is_the_files_own_even_if_its_first_page_is_lost(int pageSize)
    {
        using var disk = new SimulatedDisk(new Random(1));
        using (var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions { PageSize = pageSize }))
        {
            PutOne(file, 1, 10);
            PutOne(file, 2, 10);
        }

        using (var raw = disk.Open(TestFiles.Path, FileAccessMode.ReadWrite))
            raw.Write(16, new byte[64]);
        using var reopened = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        using var read = reopened.BeginRead();
        Assert.Equal(3UL, read.Id);
        Assert.True(read.TryOpenBucket("key"u8, out var bucket));
        Assert.True(bucket.TryGet(Key(2), out _));
    }

    [Fact]
    public void A_failed_commit_is_the_last()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        PutOne(file, 1, 10);
        disk.FailNextSync = true;
        Assert.Throws<IOException>(() => PutOne(file, 2, 10));
        Assert.ThrowsAny<Exception>(file.BeginWrite);

        using var read = file.BeginRead();
        Assert.True(read.TryOpenBucket("key"u8, out var bucket));
        Assert.False(bucket.TryGet(Key(2), out _));
    }

    /// <summary>In a file made by other means the newest meta page may lie where the next would go.</summary>
    [Fact]
    public void The_newest_meta_page_is_not_overwritten()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using (var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions()))
        {
            PutOne(file, 1, 10);
            PutOne(file, 2, 10);
        }

        byte[] bytes = Read(disk, TestFiles.Path);
        using (var raw = disk.Open(TestFiles.Path, FileAccessMode.ReadWrite))
        {
            raw.Write(0, bytes.AsSpan(4096, 4096));
            raw.Write(4096, bytes.AsSpan(0, 4096));
        }

        using (var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions()))
            PutOne(file, 3, 10);
        byte[] after = Read(disk, TestFiles.Path);
        Assert.Equal(bytes[4096..8192], after[..4096]);
        using var reopened = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        using var read = reopened.BeginRead();
        Assert.True(read.TryOpenBucket("key"u8, out var bucket));
        Assert.True(bucket.TryGet(Key(3), out _));
    }

    /// <summary>The memory that pages are made in is used again; what it held before is nobody's business.</summary>
    [Fact]
    public void Unused_bytes_of_a_page_are_zeros()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        using (var write = file.BeginWrite())
        {
            byte[] secret = new byte[50_000];
            secret.AsSpan().Fill(0xAA);
            write.CreateBucketIfMissing("key"u8).Put("secret"u8, secret);
            write.Commit();
        }

        using (var write = file.BeginWrite())
        {
            Assert.True(write.DeleteBucket("key"u8));
            write.Commit();
        }

        byte[] bytes = Read(disk, TestFiles.Path);
        int root = (int)file.Current.Meta.Root.Value * 4096;
        Assert.Equal(-1, bytes.AsSpan(root, 4096).IndexOf((byte)0xAA));
        Assert.NotEqual(-1, bytes.AsSpan().IndexOf((byte)0xAA));
    }

    [Theory]
    [InlineData(60)]
    [InlineData(5000)]
    public void A_small_bucket_lives_in_its_parent(int count)
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        file.BeginWrite().Commit(); // which does away with the list of free pages that a new file has
        long empty = file.Verify().PageCount - file.Verify().FreePageCount;
        using (var write = file.BeginWrite())
        {
            var bucket = write.CreateBucketIfMissing("key"u8);
            for (int index = 0; index < count; index++)
                bucket.Put(Key(index), new byte[30]);
            write.Commit();
        }

        Assert.True(file.Verify().PageCount - file.Verify().FreePageCount > empty);
        using (var write = file.BeginWrite())
        {
            var bucket = write.CreateBucketIfMissing("key"u8);
            for (int index = 0; index < count - 2; index++)
                Assert.True(bucket.Delete(Key(index)));
            write.Commit();
        }

        var report = file.Verify();
        Assert.Empty(report.Faults);
        Assert.Equal(empty, report.PageCount - report.FreePageCount);
        Assert.Equal(2, report.KeyCount);
    }

    /// <summary>A page that came and went since an old reader began is used again, though that reader is still
    /// there.</summary>
    [Fact]
    public void An_old_reader_keeps_only_what_it_sees()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        PutOne(file, 1, 500);
        using var old = file.BeginRead();
        for (int round = 0; round < 10; round++)
            PutOne(file, round, 500);
        long settled = file.FileBytes;
        for (int round = 0; round < 200; round++)
        {
            PutOne(file, round % 10, 500);
            using var recent = file.BeginRead();
        }

        Assert.Equal(settled, file.FileBytes);
        Assert.Empty(file.Verify().Faults);
    }

    [Fact]
    public void Reading_does_not_allocate()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var file = PageFile.Open(disk, TestFiles.Path, new PageFileOptions());
        using (var write = file.BeginWrite())
        {
            var bucket = write.CreateBucketIfMissing("key"u8);
            for (int index = 0; index < 20_000; index++)
                bucket.Put(Key(index), new byte[50]);
            write.Commit();
        }

        using var read = file.BeginRead();
        Assert.True(read.TryOpenBucket("key"u8, out var opened));
        byte[] key = Key(12_345);
        long found = 0;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var cursor = opened.OpenCursor();
            for (bool stands = cursor.Seek(key); stands; stands = cursor.Next())
                found += opened.TryGet(cursor.Key, out var value) ? value.Length : 0;
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }

        Assert.Equal(3 * 50 * (20_000 - 12_345), found);
    }

    /// <summary>Real threads: readers come and go while the owner writes, deletes and compacts, and each sees one
    /// commit: as many keys as it says there are.</summary>
    [Fact]
    public async Task Many_threads_read_while_one_writes()
    {
        using var directory = new TempDirectory();
        using var file = PageFile.Open(new RealDisk(), directory["db"], new PageFileOptions { GrowBytes = 1 << 16 });
        PutCounted(file, 0, 10);
        using var stop = new CancellationTokenSource();
        Task<int>[] readers =
        [
            .. Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () => ReadCounted(file, stop.Token),
                TestContext.Current.CancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)),
        ];

        var random = new Random(1);
        for (int round = 0; round < 60; round++)
        {
            PutCounted(file, round, random.Next(1, 2000));
            file.CompactSome(64);
        }

        await stop.CancelAsync();
        foreach (int count in await Task.WhenAll(readers))
            Assert.True(count > 0);
        Assert.Equal(0, file.OpenReadCount);
        Assert.Empty(file.Verify().Faults);
    }

    private static int ReadCounted(PageFile file, CancellationToken stop)
    {
        int rounds = 0;
        do
        {
            using var read = file.BeginRead();
            Assert.True(read.TryOpenBucket("key"u8, out var bucket));
            int count = 0;
            var cursor = bucket.OpenCursor();
            for (bool stands = cursor.SeekFirst(); stands; stands = cursor.Next())
            {
                Assert.Equal(bucket.Sequence, BinaryPrimitives.ReadUInt64LittleEndian(cursor.Value));
                count++;
            }

            Assert.True(read.TryOpenBucket("count"u8, out var counts));
            Assert.Equal((ulong)count, counts.Sequence);
            rounds++;
        }
        while (!stop.IsCancellationRequested);
        return rounds;
    }

    private static void PutCounted(PageFile file, int round, int count)
    {
        using var write = file.BeginWrite();
        write.DeleteBucket("key"u8);
        var bucket = write.CreateBucketIfMissing("key"u8);
        bucket.Sequence = (ulong)round;
        byte[] value = new byte[400];
        BinaryPrimitives.WriteUInt64LittleEndian(value, (ulong)round);
        for (int index = 0; index < count; index++)
            bucket.Put(Key(index), value);
        write.CreateBucketIfMissing("count"u8).Sequence = (ulong)count;
        write.Commit();
    }

    private static void PutOne(PageFile file, int key, int valueBytes)
    {
        using var write = file.BeginWrite();
        write.CreateBucketIfMissing("key"u8).Put(Key(key), new byte[valueBytes]);
        write.Commit();
    }

    private static byte[] Key(int number)
    {
        byte[] key = new byte[17];
        BinaryPrimitives.WriteInt64BigEndian(key, number);
        return key;
    }

    private static byte[] Read(SimulatedDisk disk, string path)
    {
        using var raw = disk.Open(path, FileAccessMode.Read);
        byte[] bytes = new byte[raw.Length];
        Assert.Equal(bytes.Length, raw.Read(0, bytes));
        return bytes;
    }
}
