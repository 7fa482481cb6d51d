using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Snap;
using Kv.Testing;

namespace Kv.Node.Tests.Wal;

public sealed class SnapFileTests : IDisposable
{
    private static readonly RealDisk Disk = new();
    private static readonly LogConfState Members = new([1, 2], [3], [], [], AutoLeave: true);

    private readonly TempDirectory _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("3.4.23-clean")]
    [InlineData("3.5.30-cluster-m2")]
    [InlineData("3.6.13-clean")]
    [InlineData("3.7.1-clustersnap-m3")]
    public void Files_of_etcd_are_read_and_encode_to_the_same_bytes(string archive)
    {
        using TempDirectory unpacked = Fixture.Unpack(archive);
        string member = Path.Combine(Directory.GetDirectories(unpacked.Path).Single(), "member");
        string directory = Path.Combine(member, "snap");
        Assert.NotEmpty(SnapDirectory.Names(Disk, directory));
        foreach (string name in SnapDirectory.Names(Disk, directory))
        {
            SnapFile? snap = SnapDirectory.Load(Disk, Path.Combine(directory, name), out string fault);
            Assert.Equal("", fault);
            Assert.Equal(File.ReadAllBytes(Path.Combine(directory, name)), snap!.Encode());
            Assert.NotEmpty(snap.Members.Voters);
            Assert.Equal((byte)'{', snap.Document.Span[0]);
        }

        IReadOnlyList<LogSnapshot> inLog = LogReader.Summarize(Disk, Path.Combine(member, "wal")).Snapshots;
        SnapFile newest = SnapDirectory.LoadNewest(Disk, directory, inLog, (_, _) => { })!;
        Assert.Equal(inLog[^1].Index, newest.Index);
    }

    [Fact]
    public void A_damaged_file_is_put_aside_and_the_next_older_taken()
    {
        using TempDirectory unpacked = Fixture.Unpack("3.5.30-damaged-snap-flip-newest");
        string directory = unpacked["m1.etcd/member/snap"];
        LogSnapshot[] all = [new(Index: 0x99, Term: 2, null), new(Index: 0xcc, Term: 2, null)];
        var broken = new List<string>();

        SnapFile snap = SnapDirectory.LoadNewest(Disk, directory, all, (path, fault) => broken.Add(path + fault))!;

        Assert.Equal(0x99UL, snap.Index);
        Assert.Contains("its checksum is", Assert.Single(broken), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(directory, "*.snap.broken"));
    }

    [Fact]
    public void Only_snapshots_that_the_log_knows_are_taken()
    {
        foreach (ulong index in (ulong[])[10, 20, 30])
            SnapDirectory.Save(Disk, _temp.Path, new SnapFile(index, Term: 2, Members, "{}"u8.ToArray()));
        File.WriteAllText(_temp["0000000000000002-0000000000000040.snap.db"], "");

        SnapFile? found = SnapDirectory.LoadNewest(
            Disk, _temp.Path, [new LogSnapshot(10, 2, null), new LogSnapshot(20, 2, null)], (_, _) => { });
        Assert.Equal(20UL, found!.Index);
        Assert.Equal(Members, found.Members);
        Assert.Equal("{}"u8, found.Document.Span);

        Assert.Null(SnapDirectory.LoadNewest(Disk, _temp.Path, [new LogSnapshot(30, 3, null)], (_, _) => { }));
        Assert.Equal(1, SnapDirectory.Purge(Disk, _temp.Path, keep: 2));
        Assert.Equal(
            ["0000000000000002-0000000000000014.snap", "0000000000000002-000000000000001e.snap"],
            SnapDirectory.Names(Disk, _temp.Path));
    }

    [Theory]
    [Seeds(50)]
    public void No_byte_of_a_file_can_change_unnoticed(int seed)
    {
        var random = new Random(seed);
        byte[] file = new SnapFile(7, 2, Members, "{\"some\":\"document\"}"u8.ToArray()).Encode();
        file[random.Next(file.Length)] ^= (byte)(1 << random.Next(8));
        Assert.Null(SnapFile.Decode(file, out string fault));
        Assert.NotEqual("", fault);
        Assert.Null(SnapFile.Decode(file.AsSpan(0, random.Next(file.Length)), out _));
    }

    [Theory]
    [Seeds(50)]
    public void A_crash_leaves_the_whole_file_or_none(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        disk.CreateDirectory("/snap");
        disk.SyncDirectory("/");
        var first = new SnapFile(1, 2, Members, new byte[3000]);
        SnapDirectory.Save(disk, "/snap", first);
        disk.CrashAtOperation = disk.OperationCount + random.Next(1, 6);
        Assert.Throws<SimulatedCrashException>(
            () => SnapDirectory.Save(disk, "/snap", new SnapFile(2, 2, Members, new byte[3000])));
        disk.Crash();

        SnapFile? found = SnapDirectory.LoadNewest(
            disk, "/snap", [new LogSnapshot(1, 2, null), new LogSnapshot(2, 2, null)], (path, _) => Assert.Fail(path));
        Assert.InRange(found!.Index, 1UL, 2UL);
    }
}
