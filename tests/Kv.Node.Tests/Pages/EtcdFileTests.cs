using System.Text;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

/// <summary>Files that real etcd wrote: sound ones are read to the last byte, and can be written on; damaged ones are
/// refused with the page and what is wrong with it, or open as etcd opens them.</summary>
public sealed class EtcdFileTests
{
    private const string Db = "m1.etcd/member/snap/db";

    private static readonly string[] Buckets =
        ["alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed", "meta"];

    public static TheoryData<string> Sound =>
    [
        "3.4.23-clean", "3.5.30-clean", "3.6.13-clean", "3.7.1-clean", "3.4.23-killed", "3.5.30-killed",
        "3.7.1-killed", "3.5.30-nospace", "3.7.1-auth",
    ];

    [Theory]
    [MemberData(nameof(Sound))]
    public void Opens_what_etcd_wrote(string name)
    {
        using var directory = Fixture.Unpack(name);
        using (var readOnly = PageFile.Open(new RealDisk(), directory[Db], new PageFileOptions { ReadOnly = true }))
            Assert.Empty(readOnly.Verify().Faults);

        using var file = PageFile.Open(new RealDisk(), directory[Db], new PageFileOptions());
        Assert.Empty(file.Verify().Faults);
        byte[] before = Dump(file);
        Assert.Equal(Buckets, BucketNames(file));

        using (var write = file.BeginWrite())
        {
            write.CreateBucketIfMissing("key"u8).Put([0xff, 0xff], "new"u8);
            write.Commit();
        }

        using (var write = file.BeginWrite())
        {
            Assert.True(write.CreateBucketIfMissing("key"u8).Delete([0xff, 0xff]));
            write.Commit();
        }

        Assert.Empty(file.Verify().Faults);
        Assert.Equal(before, Dump(file));
    }

    /// <summary>etcdutl's hash of a snapshot file covers the names of all buckets and all keys and values in
    /// them.</summary>
    [Theory]
    [InlineData("3.4.23")]
    [InlineData("3.5.30")]
    [InlineData("3.6.13")]
    [InlineData("3.7.1")]
    public void Reads_the_bytes_that_etcdutl_hashes(string version)
    {
        using var directory = Fixture.Decompress(version + "-snapshot.db");
        using var expected = Fixture.Json(version + "-expected");
        var status = expected.RootElement.GetProperty("snapshot").GetProperty("snapshot_status");

        using var file = PageFile.Open(
            new RealDisk(),
            directory[version + "-snapshot.db"],
            new PageFileOptions { ReadOnly = true });
        Assert.Equal(status.GetProperty("hash").GetUInt32(), Crc32C.Compute(Dump(file)));
        Assert.Equal(status.GetProperty("totalSize").GetInt64(), file.FileBytes);
        Assert.Empty(file.Verify().Faults);
    }

    [Theory]
    [InlineData("3.5.30-damaged-db-flip-element-pos", "page 34", "element 0 points outside the page")]
    [InlineData("3.5.30-damaged-db-flip-page-flags", "page 34", "is neither leaf nor branch: flags 42")]
    [InlineData("3.7.1-damaged-db-flip-element-pos", "page 4", "element 0 points outside the page")]
    [InlineData("3.7.1-damaged-db-flip-page-flags", "page 4", "is neither leaf nor branch: flags 42")]
    [InlineData("3.7.1-damaged-db-meta-both", "db", "neither meta page is valid")]
    [InlineData("3.7.1-damaged-db-truncated", "page 1", "it was cut short")]
    [InlineData("3.5.30-damaged-db-truncated", "page 0", "it was cut short")]
    public void Says_what_is_damaged(string name, string place, string finding)
    {
        using var directory = Fixture.Unpack(name);
        var thrown = Assert.Throws<CorruptDataException>(
            () => PageFile.Open(new RealDisk(), directory[Db], new PageFileOptions()));
        Assert.StartsWith(directory[Db], thrown.Place, StringComparison.Ordinal);
        Assert.EndsWith(place, thrown.Place, StringComparison.Ordinal);
        Assert.Contains(finding, thrown.Finding, StringComparison.Ordinal);
    }

    /// <summary>Not opened for writing, a file whose tree is damaged can be looked at: each access is
    /// checked.</summary>
    [Theory]
    [InlineData("3.7.1-damaged-db-flip-element-pos", 4UL)]
    [InlineData("3.5.30-damaged-db-flip-page-flags", 34UL)]
    public void Lists_the_damage_of_a_file_opened_for_reading(string name, ulong page)
    {
        using var directory = Fixture.Unpack(name);
        using var file = PageFile.Open(new RealDisk(), directory[Db], new PageFileOptions { ReadOnly = true });
        Assert.Contains(file.Verify().Faults, fault => fault.Page == new PageId(page));
        Assert.Throws<CorruptDataException>(() => Dump(file));
    }

    [Theory]
    [InlineData("3.5.30-damaged-db-meta0", 49UL, 0UL)]
    [InlineData("3.5.30-damaged-db-meta1", 50UL, 1UL)]
    [InlineData("3.7.1-damaged-db-meta0", 53UL, 0UL)]
    [InlineData("3.7.1-damaged-db-meta1", 52UL, 1UL)]
    public void One_bad_meta_page_leaves_the_other(string name, ulong transaction, ulong bad)
    {
        using var directory = Fixture.Unpack(name);
        using (var file = PageFile.Open(new RealDisk(), directory[Db], new PageFileOptions()))
        {
            using (var read = file.BeginRead())
                Assert.Equal(transaction, read.Id);
            var fault = Assert.Single(file.Verify().Faults);
            Assert.Equal(new PageId(bad), fault.Page);

            using var write = file.BeginWrite();
            write.CreateBucketIfMissing("key"u8).Put([0xff], []);
            write.Commit();
            Assert.Empty(file.Verify().Faults);
        }

        using var reopened = PageFile.Open(new RealDisk(), directory[Db], new PageFileOptions());
        Assert.Empty(reopened.Verify().Faults);
    }

    /// <summary>Pages have no checksum, so a wrong bit in a value is read as it is.</summary>
    [Theory]
    [InlineData("3.7.1-damaged-db-flip-value")]
    [InlineData("3.5.30-damaged-db-flip-value-byte")]
    public void A_wrong_bit_in_a_value_is_not_seen_here(string name)
    {
        using var directory = Fixture.Unpack(name);
        using var file = PageFile.Open(new RealDisk(), directory[Db], new PageFileOptions());
        Assert.Empty(file.Verify().Faults);
    }

    private static List<string> BucketNames(PageFile file)
    {
        using var read = file.BeginRead();
        var names = new List<string>();
        var cursor = read.Root.OpenCursor();
        for (bool stands = cursor.SeekFirst(); stands; stands = cursor.Next())
            names.Add(Encoding.ASCII.GetString(cursor.Key));
        return names;
    }

    private static byte[] Dump(PageFile file)
    {
        using var read = file.BeginRead();
        var all = new MemoryStream();
        var buckets = read.Root.OpenCursor();
        for (bool stands = buckets.SeekFirst(); stands; stands = buckets.Next())
        {
            all.Write(buckets.Key);
            var keys = buckets.OpenBucket().OpenCursor();
            for (bool inside = keys.SeekFirst(); inside; inside = keys.Next())
            {
                all.Write(keys.Key);
                all.Write(keys.Value);
            }
        }

        return all.ToArray();
    }
}
