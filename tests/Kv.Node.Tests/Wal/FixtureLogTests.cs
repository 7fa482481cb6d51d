using System.Text.Json;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Testing;

namespace Kv.Node.Tests.Wal;

/// <summary>Logs written by etcd 3.4 to 3.7: sound ones are read to the last entry, damaged ones are repaired where a
/// crash explains the damage, and refused where it does not.</summary>
public sealed class FixtureLogTests
{
    private static readonly RealDisk Disk = new();

    public static TheoryData<string> Sound => [.. Fixture.Archives.Where(
        name => !name.Contains("damaged", Ordinal))];

    [Theory]
    [MemberData(nameof(Sound))]
    public void Every_sound_log_is_read_to_its_end(string archive)
    {
        using TempDirectory unpacked = Fixture.Unpack(archive);
        string wal = WalOf(unpacked);

        LogSummary summary = LogReader.Summarize(Disk, wal);
        bool isJump = archive.Contains("clustersnap-m3", Ordinal); // what came before, it got as a snapshot
        LogSnapshot oldest = summary.Snapshots[isJump ? 1 : 0];
        foreach (LogSnapshot snapshot in (LogSnapshot[])[oldest, summary.Snapshots[^1]])
        {
            LogContents contents = LogReader.Read(Disk, wal, snapshot);
            Assert.Null(contents.TornTail);
            Assert.Equal(summary.LastIndex, contents.LastIndex);
            Assert.Equal(summary.LastIndex - snapshot.Index, (ulong)contents.Entries.Count);
            Assert.Equal(
                contents.Entries.Select((_, at) => snapshot.Index + (ulong)at + 1),
                contents.Entries.Select(entry => entry.Index));
            Assert.InRange(contents.State.Commit, snapshot.Index, contents.LastIndex);
            Assert.Equal(summary.Snapshots.TakeLast(contents.Snapshots.Count), contents.Snapshots);
        }
    }

    [Theory]
    [InlineData("3.4.23")]
    [InlineData("3.5.30")]
    [InlineData("3.6.13")]
    [InlineData("3.7.1")]
    public void What_is_read_is_what_the_server_told(string version)
    {
        using TempDirectory unpacked = Fixture.Unpack($"{version}-clean");
        using JsonDocument expected = Fixture.Json($"{version}-expected");
        JsonElement told = expected.RootElement.GetProperty("variants").GetProperty("clean").GetProperty("before_stop");

        LogSummary summary = LogReader.Summarize(Disk, WalOf(unpacked));
        Assert.Equal(told.GetProperty("member_id").GetProperty("dec").GetUInt64(), summary.Metadata.NodeId);
        Assert.Equal(told.GetProperty("cluster_id").GetProperty("dec").GetUInt64(), summary.Metadata.ClusterId);
        Assert.Equal(told.GetProperty("raft_term").GetUInt64(), summary.State.Term);
        Assert.InRange(summary.LastIndex, told.GetProperty("raft_index").GetUInt64(), ulong.MaxValue);
    }

    [Fact]
    public void A_snapshot_record_names_the_members()
    {
        using TempDirectory unpacked = Fixture.Unpack("3.7.1-clustersnap-m3");
        LogSnapshot newest = LogReader.Summarize(Disk, WalOf(unpacked)).Snapshots[^1];
        Assert.Equal(3, newest.ConfState!.Voters.Length);
        Assert.Contains(LogReader.Summarize(Disk, WalOf(unpacked)).Metadata.NodeId, newest.ConfState.Voters);

        using TempDirectory old = Fixture.Unpack("3.4.23-clean");
        Assert.Null(LogReader.Summarize(Disk, WalOf(old)).Snapshots[^1].ConfState);
    }

    /// <summary>Up to 3.6 etcd writes every number, as we do: its records, read and encoded anew, are the same to the
    /// last byte, in all segments.</summary>
    [Theory]
    [InlineData("3.4.23-killed")]
    [InlineData("3.5.30-killed")]
    [InlineData("3.5.30-segments")]
    [InlineData("3.5.30-cluster-m2")]
    [InlineData("3.6.13-auth")]
    public void Records_of_etcd_encode_to_the_same_bytes(string archive)
    {
        using TempDirectory unpacked = Fixture.Unpack(archive);
        string wal = WalOf(unpacked);
        var records = new RecordBuffer();
        foreach (SegmentName name in SegmentName.In(Disk, wal))
        {
            using IFile file = Disk.Open(Path.Combine(wal, name.ToString()), FileAccessMode.Read);
            var reader = new SegmentReader(file);
            while (reader.Read(out Frame frame) == SegmentItem.Record)
            {
                Encode(records, frame);
                byte[] original = new byte[reader.End - reader.Offset];
                file.Read(reader.Offset, original);
                Assert.True(
                    records.Written.SequenceEqual(original),
                    $"{name} at {reader.Offset}: "
                    + Convert.ToHexString(original.AsSpan(0, Math.Min(original.Length, 64))));
                records.Clear();
            }

            Assert.Equal(TornTail.FindDataEnd(file, reader.Offset), reader.Offset);
        }
    }

    /// <summary>What is expected: the last entry if it is repaired, else what the refusal must say.</summary>
    public static TheoryData<string, ulong, string> Damaged => new()
    {
        { "3.5.30-damaged-wal-torn-length", 206, "" },
        { "3.5.30-damaged-wal-torn-tail", 205, "" },
        { "3.5.30-damaged-wal-zero-tail-sector", 199, "" },
        { "3.5.30-damaged-wal-flip-entry", 0, "offset 111848: checksum is" },
        { "3.5.30-damaged-wal-flip-length", 0, "offset 111848: this is no record" },
        { "3.5.30-damaged-wal-flip-last-entry", 0, "offset 123104: checksum is" },
        { "3.5.30-damaged-wal-zero-middle-sector", 0, "the last good entry is 119" },
        { "3.5.30-damaged-wal-missing", 0, "there is no log here" },
        { "3.7.1-damaged-wal-torn-length", 205, "" },
        { "3.7.1-damaged-wal-torn-tail", 205, "" },
        { "3.7.1-damaged-wal-zero-tail-sector", 203, "" },
        { "3.7.1-damaged-wal-flip-entry", 0, "offset 111600: checksum is bbab9589, computed 3489f45a" },
        { "3.7.1-damaged-wal-flip-length", 0, "offset 111600: this is no record" },
        { "3.7.1-damaged-wal-flip-last-entry", 0, "offset 122568: checksum is 4763e2c2, computed c8418311" },
        { "3.7.1-damaged-wal-zero-middle-sector", 0, "the last good entry is 111" },
        { "3.7.1-damaged-wal-missing", 0, "there is no log here" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void A_torn_end_is_cut_off_and_all_other_damage_refused(string archive, ulong lastIndex, string refusal)
    {
        using TempDirectory unpacked = Fixture.Unpack(archive);
        string wal = WalOf(unpacked);
        if (refusal.Length > 0)
        {
            CorruptDataException failure = Assert.Throws<CorruptDataException>(
                () => LogWriter.Open(Disk, wal, default, new LogOptions(), out _));
            Assert.Contains(refusal, failure.Message, Ordinal);
            Assert.Contains("remove this member and add it again", failure.Message, Ordinal);
            return;
        }

        LogContents read = LogReader.Read(Disk, wal, default);
        Assert.Equal(lastIndex, read.LastIndex);

        LogContents opened = LogWriter.Open(Disk, wal, default, new LogOptions(), out LogWriter writer);
        Assert.Equal(lastIndex, opened.LastIndex);
        Assert.True(File.Exists(opened.TornTail!.Backup));
        writer.AppendEntry(0, opened.LastTerm, lastIndex + 1, "and on"u8);
        writer.Close();

        LogContents repaired = LogReader.Read(Disk, wal, default);
        Assert.Equal(lastIndex + 1, repaired.LastIndex);
        Assert.Null(repaired.TornTail);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    public void An_emptied_log_is_refused(int length)
    {
        using TempDirectory unpacked = Fixture.Unpack("3.5.30-clean");
        string wal = WalOf(unpacked);
        string segment = Directory.GetFiles(wal, "*.wal").Single();
        File.WriteAllBytes(segment, new byte[length]);
        CorruptDataException failure = Assert.Throws<CorruptDataException>(() => LogReader.Read(Disk, wal, default));
        Assert.Contains("the log was emptied", failure.Message, Ordinal);
        Assert.Contains(segment, failure.Message, Ordinal);
    }

    [Fact]
    public void A_missing_segment_is_refused()
    {
        using TempDirectory unpacked = Fixture.Unpack("3.5.30-segments");
        string wal = WalOf(unpacked);
        string[] segments = [.. Directory.GetFiles(wal, "*.wal").Order(StringComparer.Ordinal)];
        Assert.Equal(3, segments.Length);

        File.Move(segments[1], segments[1] + ".gone");
        CorruptDataException gap = Assert.Throws<CorruptDataException>(() => LogReader.Read(Disk, wal, default));
        Assert.Contains("1 segments are missing between", gap.Message, Ordinal);

        File.Move(segments[1] + ".gone", segments[1]);
        using (var middle = new FileStream(segments[1], FileMode.Open))
            middle.SetLength(middle.Length - 4096);
        CorruptDataException cut = Assert.Throws<CorruptDataException>(() => LogReader.Read(Disk, wal, default));
        Assert.Contains("later segments follow", cut.Message, Ordinal);

        File.Delete(segments[0]);
        CorruptDataException head = Assert.Throws<CorruptDataException>(() => LogReader.Read(Disk, wal, default));
        Assert.Contains("earlier segments are missing", head.Message, Ordinal);
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static string WalOf(TempDirectory unpacked) =>
        Path.Combine(Directory.GetDirectories(unpacked.Path).Single(), "member/wal");

    private static void Encode(RecordBuffer records, in Frame frame)
    {
        switch (frame.Type)
        {
            case RecordType.Metadata:
                Assert.True(RecordContent.TryReadMetadata(frame.Content, out LogMetadata metadata));
                records.AddMetadata(metadata);
                break;
            case RecordType.Entry:
                Assert.True(RecordContent.TryReadEntry(frame.Content, out LogEntry entry, out ReadOnlySpan<byte> data));
                records.AddEntry(entry.Type, entry.Term, entry.Index, data);
                break;
            case RecordType.State:
                Assert.True(RecordContent.TryReadState(frame.Content, out LogState state));
                records.AddState(state);
                break;
            case RecordType.Snapshot:
                Assert.True(RecordContent.TryReadSnapshot(frame.Content, out LogSnapshot snapshot));
                records.AddSnapshot(snapshot);
                break;
            default:
                records.AddChecksum();
                break;
        }
    }
}
