using Kv.Storage;
using Kv.Storage.Log;
using Kv.Testing;

namespace Kv.Node.Tests.Wal;

public sealed class LogCheckTests
{
    private static readonly RealDisk Disk = new();

    [Theory]
    [InlineData("3.5.30-killed")]
    [InlineData("3.7.1-clustersnap-m3")]
    [InlineData("3.7.1-segments")]
    public void A_sound_log_gives_no_findings(string archive)
    {
        using TempDirectory unpacked = Fixture.Unpack(archive);
        string member = Path.Combine(Directory.GetDirectories(unpacked.Path).Single(), "member");
        Assert.Empty(LogCheck.Run(Disk, Path.Combine(member, "wal"), out LogSummary? summary));
        Assert.Empty(LogCheck.RunSnaps(Disk, Path.Combine(member, "snap")));
        Assert.InRange(summary!.LastIndex, summary.State.Commit, ulong.MaxValue);
    }

    [Theory]
    [InlineData("3.5.30-damaged-wal-missing", true, "there is no log here")]
    [InlineData("3.5.30-damaged-wal-flip-entry", true, "0000000000000000-0000000000000000.wal at offset 111848")]
    [InlineData("3.5.30-damaged-wal-zero-middle-sector", true, "at offset 113616: checksum")]
    [InlineData("3.5.30-damaged-wal-torn-tail", false, "at offset 123104: the last write before a crash is torn")]
    public void Damage_is_told_with_its_place(string archive, bool isDamage, string told)
    {
        using TempDirectory unpacked = Fixture.Unpack(archive);
        LogFinding finding = Assert.Single(LogCheck.Run(Disk, unpacked["m1.etcd/member/wal"], out LogSummary? summary));
        Assert.Equal(isDamage, finding.IsDamage);
        Assert.Contains(told, finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(isDamage, summary is null);
    }

    [Fact]
    public void Each_damaged_segment_is_told()
    {
        using TempDirectory unpacked = Fixture.Unpack("3.5.30-segments");
        string wal = unpacked["m1.etcd/member/wal"];
        string[] segments = [.. Directory.GetFiles(wal, "*.wal").Order(StringComparer.Ordinal)];
        foreach (string segment in segments)
        {
            using IFile file = Disk.Open(segment, FileAccessMode.ReadWrite);
            file.Write(5_000_000, "damage"u8);
        }

        IReadOnlyList<LogFinding> findings = LogCheck.Run(Disk, wal, out _);
        Assert.Equal(segments, findings.Select(finding => finding.Place.Split(' ')[0]));
        Assert.All(findings, finding => Assert.True(finding.IsDamage));
    }

    [Fact]
    public void Leftovers_and_damaged_snapshot_files_are_told()
    {
        using TempDirectory unpacked = Fixture.Unpack("3.5.30-damaged-snap-flip-newest");
        LogFinding snap = Assert.Single(LogCheck.RunSnaps(Disk, unpacked["m1.etcd/member/snap"]));
        Assert.False(snap.IsDamage);
        Assert.Contains("00cc.snap: its checksum is", snap.ToString(), StringComparison.Ordinal);

        string wal = unpacked["m1.etcd/member/wal"];
        string segment = Directory.GetFiles(wal, "*.wal").Single();
        File.WriteAllText(segment + ".broken", "");
        File.Copy(segment, Path.Combine(wal, "0000000000000002-00000000000000ff.wal"));
        IReadOnlyList<LogFinding> findings = LogCheck.Run(Disk, wal, out _);
        Assert.Contains(findings, finding => finding.ToString().Contains("made before its torn end",
            StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.ToString().Contains("before this one are missing",
            StringComparison.Ordinal));
    }
}
