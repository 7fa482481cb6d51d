using Kv.Storage;
using Kv.Storage.Log;
using Kv.Testing;

namespace Kv.Node.Tests.Wal;

public sealed class LogWriterTests : IDisposable
{
    private const string Wal = "/data/wal";

    private static readonly LogMetadata Member = new(NodeId: 0x7b20ddaaa6ec27f7, ClusterId: 0x707e4348317807ae);
    private static readonly LogOptions Small = new(SegmentBytes: 4096);
    private static readonly LogConfState One = new([Member.NodeId], [], [], [], AutoLeave: false);

    private readonly SimulatedDisk _disk = new(new Random(1));

    public LogWriterTests() => _disk.CreateDirectory("/data");

    public void Dispose() => _disk.Dispose();

    [Fact]
    public void A_new_log_knows_whose_it_is_and_holds_nothing()
    {
        Assert.False(LogReader.Exists(_disk, Wal));
        LogWriter.Create(_disk, Wal, Member, Small).Dispose();

        Assert.True(LogReader.Exists(_disk, Wal));
        LogContents contents = LogReader.Read(_disk, Wal, default);
        Assert.Equal(Member, contents.Metadata);
        Assert.Equal(default, contents.State);
        Assert.Empty(contents.Entries);
        Assert.Equal(default, Assert.Single(contents.Snapshots));
        Assert.Equal(["0.tmp", "0000000000000000-0000000000000000.wal"], _disk.List(Wal));
        Assert.False(_disk.DirectoryExists(Wal + ".tmp"));
    }

    [Fact]
    public void What_is_synced_is_read_back()
    {
        using (var writer = LogWriter.Create(_disk, Wal, Member, Small))
        {
            writer.AppendEntry(1, term: 1, index: 1, "member"u8);
            writer.AppendEntry(0, term: 2, index: 2, default);
            writer.AppendState(new LogState(Term: 2, Vote: 7, Commit: 1));
            writer.AppendEntry(0, term: 2, index: 3, new byte[3000]);
            writer.AppendState(new LogState(Term: 2, Vote: 7, Commit: 2));
            Assert.True(writer.NeedsSync);
            writer.Sync();
            Assert.False(writer.NeedsSync);
            writer.AppendEntry(0, term: 2, index: 4, "lost"u8);
        }

        LogContents contents = LogReader.Read(_disk, Wal, default);
        Assert.Equal(new LogState(2, 7, 2), contents.State);
        Assert.Equal([(1, 1UL, 1UL, 6), (0, 2UL, 2UL, 0), (0, 2UL, 3UL, 3000)], Shapes(contents));
        Assert.Equal("member"u8, contents.Entries[0].Data.Span);
        Assert.Equal((3UL, 2UL), (contents.LastIndex, contents.LastTerm));
        Assert.Null(contents.TornTail);
    }

    [Fact]
    public void A_later_entry_replaces_the_ones_from_its_index_on()
    {
        using var writer = LogWriter.Create(_disk, Wal, Member, Small);
        for (ulong index = 1; index <= 5; index++)
            writer.AppendEntry(0, term: 1, index, "old"u8);
        writer.Sync();
        writer.AppendEntry(0, term: 2, index: 3, "new"u8);
        writer.Sync();

        LogContents contents = LogReader.Read(_disk, Wal, default);
        Assert.Equal([1UL, 1UL, 2UL], contents.Entries.Select(entry => entry.Term));
        Assert.Equal(3UL, writer.LastIndex);
    }

    [Fact]
    public void A_commit_index_alone_needs_no_sync()
    {
        using var writer = LogWriter.Create(_disk, Wal, Member, Small);
        writer.AppendState(new LogState(Term: 1, Vote: 0, Commit: 0));
        Assert.True(writer.NeedsSync);
        writer.Sync();
        writer.AppendState(new LogState(Term: 1, Vote: 0, Commit: 5));
        Assert.False(writer.NeedsSync);
        writer.AppendState(new LogState(Term: 1, Vote: 3, Commit: 5));
        Assert.True(writer.NeedsSync);
    }

    [Fact]
    public void A_full_segment_is_cut_and_the_next_continues_it()
    {
        ulong index = Fill(segments: 3);
        string[] names = [.. _disk.List(Wal).Where(name => name.EndsWith(".wal", StringComparison.Ordinal))];
        Assert.Equal(3, names.Length);

        LogContents all = LogReader.Read(_disk, Wal, default);
        Assert.Equal(index, all.LastIndex);
        Assert.Equal(index, (ulong)all.Entries.Count);

        // A segment's name says what it may hold first.
        Assert.Matches("^0000000000000002-[0-9a-f]{16}[.]wal$", names[2]);
        ulong first = Convert.ToUInt64(names[2][17..33], 16);
        Assert.Equal(index + 1, first); // it was cut when the last entry had been written
    }

    [Fact]
    public void Reading_begins_at_the_segment_that_holds_the_snapshot()
    {
        ulong index = Fill(segments: 2);
        LogSnapshot snapshot;
        LogWriter writer;
        LogWriter.Open(_disk, Wal, default, Small, out writer);
        using (writer)
        {
            writer.AppendEntry(0, term: 1, ++index, "last"u8);
            writer.AppendState(new LogState(Term: 1, Vote: 0, Commit: index));
            snapshot = new LogSnapshot(index, Term: 1, One);
            writer.AppendSnapshot(snapshot);
            writer.AppendEntry(0, term: 1, index + 1, "after"u8);
            writer.Sync();
            writer.ReleaseTo(index);
            Assert.Equal(1, writer.Purge(keep: 1));
        }

        Assert.Equal(snapshot, Assert.Single(LogReader.Summarize(_disk, Wal).Snapshots));
        LogContents contents = LogWriter.Open(_disk, Wal, snapshot, Small, out writer);
        writer.Dispose();
        Assert.Equal(index + 1, Assert.Single(contents.Entries).Index);
        Assert.Equal(snapshot, Assert.Single(contents.Snapshots));
        CorruptDataException failure = Assert.Throws<CorruptDataException>(() => LogReader.Read(_disk, Wal, default));
        Assert.Contains("earlier segments are missing", failure.Finding, StringComparison.Ordinal);
    }

    /// <summary>The state is written when it changes, and again at the head of each segment, as those before it may
    /// go; and the segment that a snapshot lies in stays, though the next entry is in another.</summary>
    [Fact]
    public void The_term_and_the_vote_outlive_the_segment_that_they_were_written_in()
    {
        var state = new LogState(Term: 3, Vote: 7, Commit: 1);
        ulong index = 0;
        LogSnapshot snapshot;
        using (var writer = LogWriter.Create(_disk, Wal, Member, Small))
        {
            writer.AppendState(state);
            while (SegmentName.In(_disk, Wal).Count < 3)
            {
                writer.AppendEntry(0, term: 3, ++index, new byte[100]);
                writer.Sync();
            }

            Assert.Equal(index + 1, SegmentName.In(_disk, Wal)[2].FirstIndex);
            snapshot = new LogSnapshot(index, Term: 3, One);
            writer.AppendSnapshot(snapshot);
            writer.Sync();
            writer.ReleaseTo(index);
            Assert.Equal(1, writer.Purge(keep: 1));
        }

        LogContents contents = LogWriter.Open(_disk, Wal, snapshot, Small, out LogWriter again);
        again.Dispose();
        Assert.Equal(state, contents.State);
        Assert.Equal(index, contents.LastIndex);
    }

    /// <summary>Its indexes follow and its records are right; only the checksum it begins with tells.</summary>
    [Fact]
    public void A_segment_of_another_history_is_refused()
    {
        const string Other = "/data/other";
        foreach ((string directory, byte content) in (ReadOnlySpan<(string, byte)>)[(Wal, 1), (Other, 2)])
        {
            using var writer = LogWriter.Create(_disk, directory, Member, Small);
            for (ulong index = 1; SegmentName.In(_disk, directory).Count < 3; index++)
            {
                writer.AppendEntry(0, term: 1, index, Enumerable.Repeat(content, 100).ToArray());
                writer.Sync();
            }
        }

        string name = SegmentName.In(_disk, Wal)[1].ToString();
        Assert.Equal(name, SegmentName.In(_disk, Other)[1].ToString());
        _disk.DeleteFile($"{Wal}/{name}");
        _disk.Rename($"{Other}/{name}", $"{Wal}/{name}");

        CorruptDataException failure = Assert.Throws<CorruptDataException>(
            () => LogReader.Read(_disk, Wal, default));
        Assert.Contains("does not continue the one before it", failure.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_released_segments_are_purged()
    {
        Fill(segments: 4);
        LogWriter.Open(_disk, Wal, default, Small, out LogWriter writer);
        using (writer)
        {
            Assert.Equal(0, writer.Purge(keep: 1));
            ulong second = SegmentName.In(_disk, Wal)[2].FirstIndex;
            writer.ReleaseTo(second);
            Assert.Equal(1, writer.Purge(keep: 3));
            Assert.Equal(1, writer.Purge(keep: 1));
            Assert.Equal(2, SegmentName.In(_disk, Wal).Count);
        }
    }

    [Fact]
    public void A_snapshot_from_the_leader_jumps_over_entries()
    {
        var jump = new LogSnapshot(Index: 172, Term: 2, One);
        using (var writer = LogWriter.Create(_disk, Wal, Member, Small))
        {
            writer.AppendEntry(0, term: 1, index: 1, "a"u8);
            writer.AppendState(new LogState(Term: 2, Vote: 0, Commit: 1));
            writer.Sync();
            writer.AppendSnapshot(jump);
            writer.Sync();
            Assert.Equal([default], LogReader.Read(_disk, Wal, default).Snapshots); // not committed yet
            writer.AppendEntry(0, term: 2, index: 173, "b"u8);
            writer.AppendState(new LogState(Term: 2, Vote: 0, Commit: 172));
            writer.Sync();
        }

        LogContents contents = LogReader.Read(_disk, Wal, jump);
        Assert.Equal(173UL, Assert.Single(contents.Entries).Index);
        CorruptDataException failure = Assert.Throws<CorruptDataException>(() => LogReader.Read(_disk, Wal, default));
        Assert.Contains("can be read from there", failure.Finding, StringComparison.Ordinal);
    }

    /// <summary>A crash came before the state that was to make it count, and afterwards the entries came after
    /// all.</summary>
    [Fact]
    public void A_snapshot_that_never_counted_does_not_hide_entries_that_came_after_all()
    {
        var jump = new LogSnapshot(Index: 3, Term: 1, One);
        using (var writer = LogWriter.Create(_disk, Wal, Member, Small))
        {
            writer.AppendEntry(0, term: 1, index: 1, "a"u8);
            writer.AppendState(new LogState(Term: 1, Vote: 0, Commit: 1));
            writer.Sync();
            writer.AppendSnapshot(jump);
            writer.Sync();
        }

        LogContents opened = LogWriter.Open(_disk, Wal, default, Small, out LogWriter again);
        Assert.Equal(1UL, opened.LastIndex);
        using (again)
        {
            for (ulong index = 2; index <= 4; index++)
                again.AppendEntry(0, term: 1, index, "b"u8);
            again.AppendState(new LogState(Term: 1, Vote: 0, Commit: 4));
            again.Sync();
        }

        Assert.Equal([1UL, 2, 3, 4], LogReader.Read(_disk, Wal, default).Entries.Select(entry => entry.Index));
        Assert.Equal([4UL], LogReader.Read(_disk, Wal, jump).Entries.Select(entry => entry.Index));
    }

    [Fact]
    public void A_log_is_open_in_one_place_only()
    {
        using var writer = LogWriter.Create(_disk, Wal, Member, Small);
        IOException failure = Assert.Throws<IOException>(
            () => LogWriter.Open(_disk, Wal, default, Small, out _));
        Assert.Contains("another process", failure.Message, StringComparison.Ordinal);
        writer.AppendEntry(0, 1, 1, "still open"u8);
        writer.Sync();
    }

    [Fact]
    public void A_failed_sync_ends_the_use_of_the_writer()
    {
        using var writer = LogWriter.Create(_disk, Wal, Member, Small);
        writer.AppendEntry(0, 1, 1, "a"u8);
        _disk.FailNextSync = true;
        Assert.Throws<IOException>(writer.Sync);
        Assert.Throws<IOException>(writer.Sync);
        Assert.Throws<IOException>(() => writer.AppendEntry(0, 1, 2, "b"u8));
        Assert.Throws<IOException>(() => writer.AppendState(new LogState(1, 1, 1)));
        Assert.Throws<IOException>(writer.Close);
    }

    /// <summary>What a reader needs to tell a torn write from damage: marks where a sync had been, entries before the
    /// state, and no snapshot between entries of one write.</summary>
    [Fact]
    public void Each_write_begins_with_a_mark_and_a_clean_end_is_one()
    {
        var writer = LogWriter.Create(_disk, Wal, Member, Small);
        writer.AppendState(new LogState(Term: 1, Vote: 1, Commit: 0));
        writer.AppendEntry(0, term: 1, index: 1, "a"u8);
        writer.AppendEntry(0, term: 1, index: 2, "b"u8);
        writer.AppendState(new LogState(Term: 1, Vote: 1, Commit: 2));
        writer.AppendSnapshot(new LogSnapshot(Index: 2, Term: 1, One));
        writer.AppendEntry(0, term: 1, index: 3, "c"u8);
        writer.Close();

        var types = new List<RecordType>();
        using IFile file = _disk.Open(Wal + "/0000000000000000-0000000000000000.wal", FileAccessMode.Read);
        var reader = new SegmentReader(file);
        while (reader.Read(out Frame frame) == SegmentItem.Record)
            types.Add(frame.Type);
        Assert.Equal(
            [
                RecordType.Checksum, RecordType.Metadata, RecordType.Snapshot,
                RecordType.Checksum, RecordType.Entry, RecordType.Entry, RecordType.State,
                RecordType.Checksum, RecordType.Snapshot, RecordType.Entry,
                RecordType.Checksum,
            ],
            types);
    }

    [Fact]
    public void A_full_disk_is_noticed_when_the_reserved_room_is_used_up()
    {
        using var writer = LogWriter.Create(_disk, Wal, Member, Small);
        _disk.CapacityBytes = 3 * Small.SegmentBytes;
        ulong index = 0;
        Assert.Throws<DiskFullException>(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                writer.AppendEntry(0, 1, index + 1, new byte[100]);
                writer.Sync();
                index++;
            }
        });

        Assert.InRange(index, 50UL, 130UL);
        writer.Dispose();
        _disk.Crash();
        LogContents contents = LogReader.Read(_disk, Wal, default);
        Assert.InRange(contents.LastIndex, index, index + 1);

        // There is no room for anything, yet it opens; and goes on once there is.
        LogWriter.Open(_disk, Wal, default, Small, out LogWriter again);
        _disk.CapacityBytes = long.MaxValue;
        again.AppendEntry(0, 1, contents.LastIndex + 1, "more"u8);
        again.Sync();
        again.Dispose();
        Assert.Equal(contents.LastIndex + 1, LogReader.Read(_disk, Wal, default).LastIndex);
    }

    [Fact]
    public void A_clean_end_leaves_no_reserved_room()
    {
        var writer = LogWriter.Create(_disk, Wal, Member, Small);
        writer.AppendEntry(0, 1, 1, "a"u8);
        writer.Close();
        Assert.Equal(["0000000000000000-0000000000000000.wal"], _disk.List(Wal));
        Assert.Single(LogReader.Read(_disk, Wal, default).Entries);
    }

    [Fact]
    public void A_directory_with_something_else_in_it_is_not_replaced()
    {
        _disk.CreateDirectory(Wal);
        _disk.Open(Wal + "/0000000000000000-0000000000000000.wal.broken", FileAccessMode.Create).Dispose();
        Assert.Throws<IOException>(() => LogWriter.Create(_disk, Wal, Member, Small));
        _disk.DeleteFile(Wal + "/0000000000000000-0000000000000000.wal.broken");
        _disk.Open(Wal + "/.touch", FileAccessMode.Create).Dispose();
        LogWriter.Create(_disk, Wal, Member, Small).Dispose();
    }

    /// <summary>An append copies the entry's bytes into a buffer that is used again, and nothing else.</summary>
    [Fact]
    public void Appending_allocates_nothing()
    {
        using var writer = LogWriter.Create(_disk, Wal, Member, new LogOptions(SegmentBytes: 1 << 20));
        byte[] data = new byte[256];
        for (ulong index = 1; index <= 200; index++)
            Append(index);
        writer.Sync();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (ulong index = 201; index <= 400; index++)
            Append(index);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Append(ulong index)
        {
            writer.AppendEntry(0, term: 1, index, data);
            writer.AppendState(new LogState(1, 1, index));
        }
    }

    private static IEnumerable<(int, ulong, ulong, int)> Shapes(LogContents contents) =>
        contents.Entries.Select(entry => (entry.Type, entry.Term, entry.Index, entry.Data.Length));

    /// <summary>Writes until there are so many segments; returns the last index.</summary>
    private ulong Fill(int segments)
    {
        using var writer = LogWriter.Create(_disk, Wal, Member, Small);
        ulong index = 0;
        while (SegmentName.In(_disk, Wal).Count < segments)
        {
            writer.AppendEntry(0, term: 1, ++index, new byte[100]);
            writer.AppendState(new LogState(Term: 1, Vote: 0, Commit: index - 1));
            writer.Sync();
        }

        return index;
    }
}
