using System.Buffers.Binary;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

/// <summary>What a file may hold that we did not write. Verify lists it; all else either refuses it with the page and
/// the finding, or never looks at it. Nothing reads outside the file.</summary>
public sealed class DamageTests
{
    private const int PageSize = 1024;
    private static readonly PageFileOptions Options = new() { PageSize = PageSize, GrowBytes = 0 };

    [Theory]
    [InlineData("a leaf is no leaf", 8, 0x42, "is neither leaf nor branch")]
    [InlineData("another page lies here", 0, 0x77, "page 119 lies here")]
    [InlineData("too many elements", 11, 0x10, "the elements do not fit")]
    [InlineData("reaches too far", 14, 0x01, "reaches past the high water mark")]
    [InlineData("a wild position", 16 + 7, 0x40, "element 0 points outside the page")]
    [InlineData("into the elements", 16 + 4, 0x10, "element 0 points into the elements")]
    [InlineData("a wild key length", 16 + 9, 0x70, "element 0 points outside the page")]
    [InlineData("a wild value length", 16 + 15, 0x7f, "element 0 points outside the page")]
    [InlineData("unknown flags", 16 + 1, 0x80, "element 0 has unknown flags 8000")]
    [InlineData("an empty key", 16 + 8, 0x00, "the key of element 0 is empty")]
    public void Verify_finds_what_is_wrong_with_a_leaf(string damage, int offset, byte value, string finding)
    {
        using var disk = new SimulatedDisk(new Random(1));
        Fill(disk);
        var leaf = Pages(disk, isLeaf: true)[3];
        Poke(disk, leaf, offset, value);
        AssertFound(disk, leaf, finding, damage);
    }

    [Fact]
    public void Verify_finds_keys_out_of_order()
    {
        using var disk = new SimulatedDisk(new Random(1));
        Fill(disk);
        var leaf = Pages(disk, isLeaf: true)[3];
        int key = KeyOffset(disk, leaf, element: 1);
        Poke(disk, leaf, key + 7, 0);
        AssertFound(disk, leaf, "element 1 is not in order", "a smaller key");
    }

    [Fact]
    public void Verify_finds_keys_under_the_wrong_branch()
    {
        using var disk = new SimulatedDisk(new Random(1));
        Fill(disk);
        var leaf = Pages(disk, isLeaf: true)[3];
        int key = KeyOffset(disk, leaf, element: 0);
        Poke(disk, leaf, key + 7, 0);
        AssertFound(disk, leaf, "belongs under another branch", "a smaller first key");
    }

    [Fact]
    public void Verify_finds_pages_reached_twice_and_pages_lost()
    {
        using var disk = new SimulatedDisk(new Random(1));
        Fill(disk, storeFreeList: true);
        var branch = Pages(disk, isLeaf: false)[0];
        var leaves = Pages(disk, isLeaf: true);
        byte[] first = Peek(disk, branch, 16 + 8, 8);
        byte[] lost = Peek(disk, branch, 16 + 16 + 8, 8);
        for (int index = 0; index < 8; index++)
            Poke(disk, branch, 16 + 16 + 8 + index, first[index]);

        Assert.Contains(new PageId(BinaryPrimitives.ReadUInt64LittleEndian(first)), leaves);
        AssertFound(disk, new PageId(BinaryPrimitives.ReadUInt64LittleEndian(first)), "reached in two ways", "twice");
        AssertFound(disk, new PageId(BinaryPrimitives.ReadUInt64LittleEndian(lost)), "neither in use nor free", "lost");
    }

    [Fact]
    public void A_circle_is_not_followed_for_ever()
    {
        using var disk = new SimulatedDisk(new Random(1));
        Fill(disk);
        var branch = Pages(disk, isLeaf: false)[0];
        Poke(disk, branch, 16 + 8, (byte)branch.Value);
        for (int index = 1; index < 8; index++)
            Poke(disk, branch, 16 + 8 + index, (byte)(branch.Value >> (8 * index)));
        AssertFound(disk, branch, "reached in two ways", "circle");

        using var file = PageFile.Open(disk, TestFiles.Path, Options with { ReadOnly = true });
        using var read = file.BeginRead();
        Assert.True(read.TryOpenBucket("key"u8, out var bucket));
        Assert.Throws<CorruptDataException>(() => bucket.TryGet([0], out _));
        Assert.Throws<CorruptDataException>(() => bucket.OpenCursor().SeekFirst());
        Assert.Throws<CorruptDataException>(() => bucket.OpenCursor().Seek([0]));
    }

    /// <summary>Bytes are changed at random, in headers above all, and then everything is tried.</summary>
    [Theory]
    [Seeds(60)]
    public void Damage_is_found_or_not_met(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(new Random(1));
        long pages = Fill(disk, storeFreeList: seed % 4 == 0);
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            var page = new PageId((ulong)random.NextInt64(2, pages));
            int offset = random.Next(random.Next(3) switch { 0 => 16, 1 => 80, _ => PageSize });
            Poke(disk, page, offset, (byte)random.Next(256));
        }

        using (var readOnly = PageFile.Open(disk, TestFiles.Path, Options with { ReadOnly = true }))
        {
            Try(() => Read(readOnly));
            readOnly.Verify();
        }

        Try(() =>
        {
            using var file = PageFile.Open(disk, TestFiles.Path, Options);
            using (var write = file.BeginWrite())
            {
                var bucket = write.CreateBucketIfMissing("key"u8);
                for (int index = 0; index < 300; index++)
                    bucket.Delete(Key(random.Next(2000)));
                bucket.Put(Key(3000), [1, 2, 3]);
                write.Commit();
            }

            for (int step = 0; step < 30; step++)
                file.CompactSome(64);
            file.Verify();
        });
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (CorruptDataException e)
        {
            Assert.Contains(TestFiles.Path, e.Place, StringComparison.Ordinal);
        }
    }

    private static void Read(PageFile file)
    {
        const int StepsMax = 100_000;
        using var read = file.BeginRead();
        var buckets = read.Root.OpenCursor();
        for (bool stands = buckets.SeekFirst(); stands; stands = buckets.Next())
        {
            if (!buckets.IsBucket)
                continue;
            var bucket = buckets.OpenBucket();
            var keys = bucket.OpenCursor();
            int steps = 0;
            for (bool inside = keys.SeekFirst(); inside && steps++ < StepsMax; inside = keys.Next())
                bucket.TryGet(keys.Key, out _);
        }
    }

    // Three levels of pages, and free ones between them.
    private static long Fill(SimulatedDisk disk, bool storeFreeList = false)
    {
        using var file = PageFile.Open(disk, TestFiles.Path, Options with { StoreFreeList = storeFreeList });
        for (int round = 0; round < 4; round++)
        {
            using var write = file.BeginWrite();
            var bucket = write.CreateBucketIfMissing("key"u8);
            for (int index = round; index < 2000; index += 3)
                bucket.Put(Key(index + 1), new byte[30]);
            write.CreateBucketIfMissing("small"u8).Put("a"u8, "b"u8);
            write.Commit();
        }

        Assert.Empty(file.Verify().Faults);
        return file.FileBytes / PageSize;
    }

    /// <summary>The pages in use of one kind, those of the large bucket first.</summary>
    private static List<PageId> Pages(SimulatedDisk disk, bool isLeaf)
    {
        using var file = PageFile.Open(disk, TestFiles.Path, Options with { ReadOnly = true });
        using var read = file.BeginRead();
        Assert.True(read.TryOpenBucket("key"u8, out var bucket));
        var found = new List<PageId>();
        Collect(read.State, bucket.RootPage(), found, isLeaf);
        return found;
    }

    private static void Collect(CommittedState state, Page page, List<PageId> found, bool isLeaf)
    {
        for (int index = 0; !page.IsLeaf && index < page.Count; index++)
            Collect(state, state.GetPage(page.Child(index)), found, isLeaf);
        if (page.IsLeaf == isLeaf)
            found.Add(page.Id);
    }

    private static int KeyOffset(SimulatedDisk disk, PageId leaf, int element)
    {
        int start = 16 + (16 * element);
        return start + BinaryPrimitives.ReadInt32LittleEndian(Peek(disk, leaf, start + 4, 4));
    }

    private static void AssertFound(SimulatedDisk disk, PageId page, string finding, string damage)
    {
        using var file = PageFile.Open(disk, TestFiles.Path, Options with { ReadOnly = true });
        var faults = file.Verify().Faults;
        Assert.True(
            faults.Any(fault => fault.Page == page && fault.Finding.Contains(finding, StringComparison.Ordinal)),
            $"{damage}: page {page} should be found, but: {string.Join("; ", faults.Take(5))}");
    }

    private static byte[] Peek(SimulatedDisk disk, PageId page, int offset, int count)
    {
        using var raw = disk.Open(TestFiles.Path, FileAccessMode.Read);
        byte[] bytes = new byte[count];
        raw.Read(((long)page.Value * PageSize) + offset, bytes);
        return bytes;
    }

    private static void Poke(SimulatedDisk disk, PageId page, int offset, byte value)
    {
        using var raw = disk.Open(TestFiles.Path, FileAccessMode.ReadWrite);
        raw.Write(((long)page.Value * PageSize) + offset, [value]);
    }

    private static byte[] Key(int number)
    {
        byte[] key = new byte[17];
        BinaryPrimitives.WriteInt64BigEndian(key, number);
        return key;
    }
}
