using Kv.Storage;
using Kv.Storage.Log;
using Kv.Testing;

namespace Kv.Node.Tests.Wal;

/// <summary>Damage to what had been synced is never taken for the torn end of a log: the log is refused, or reads as
/// if nothing had happened.</summary>
public sealed class LogDamageTests : IDisposable
{
    private const string Wal = "/data/wal";
    private const string Segment = Wal + "/0000000000000000-0000000000000000.wal";
    private const int SectorBytes = 512;

    private static readonly LogOptions Options = new(SegmentBytes: 128 * 1024);

    private readonly SimulatedDisk _disk = new(new Random(1));

    public void Dispose() => _disk.Dispose();

    [Fact]
    public void No_sector_of_our_log_can_be_lost_unnoticed()
    {
        byte[] log = OwnLog(out int lastBatch);
        int refused = 0;
        for (int sector = 0; sector < lastBatch / SectorBytes; sector++)
            refused += IsRefused(log, bytes => bytes.AsSpan(sector * SectorBytes, SectorBytes).Clear()) ? 1 : 0;
        Assert.InRange(refused, lastBatch / SectorBytes * 9 / 10, int.MaxValue); // but for sectors of zeros
    }

    [Fact]
    public void No_run_of_sectors_of_our_log_can_be_lost_unnoticed()
    {
        byte[] log = OwnLog(out int lastBatch);
        var random = new Random(2);
        for (int round = 0; round < 100; round++)
        {
            int first = random.Next(lastBatch / SectorBytes);
            int last = random.Next(first, lastBatch / SectorBytes);
            IsRefused(log, bytes => bytes.AsSpan(first * SectorBytes, (last + 1 - first) * SectorBytes).Clear());
        }
    }

    [Theory]
    [Seeds(80)]
    public void No_bit_of_our_log_can_change_unnoticed(int seed)
    {
        byte[] log = OwnLog(out _);
        var random = new Random(seed);
        int at = random.Next(log.AsSpan().LastIndexOfAnyExcept((byte)0) + 1);
        IsRefused(log, bytes => bytes[at] ^= (byte)(1 << random.Next(8)));
    }

    /// <summary>etcd's log has no marks of what was synced but the order of its records, so its last records may be
    /// lost without a trace: here the last state and entry, and what shares their sectors.</summary>
    [Fact]
    public void No_sector_of_etcds_log_can_be_lost_unnoticed_but_the_last()
    {
        byte[] log = EtcdsLog();
        int count = 123_208 / SectorBytes;
        for (int sector = 0; sector < count - 2; sector++)
            IsRefused(log, bytes => bytes.AsSpan(sector * SectorBytes, SectorBytes).Clear());
    }

    [Theory]
    [Seeds(80)]
    public void No_bit_of_etcds_log_can_change_unnoticed(int seed)
    {
        var random = new Random(seed);
        int at = random.Next(123_208);
        IsRefused(EtcdsLog(), bytes => bytes[at] ^= (byte)(1 << random.Next(8)));
    }

    /// <summary>A length that leads past the end of the file is no torn write if the record says otherwise.</summary>
    [Theory]
    [InlineData(0x04)]
    [InlineData(0x80)]
    public void A_length_that_grew_is_no_torn_end(byte bit)
    {
        byte[] log = EtcdsLog();
        Assert.True(IsRefused(log, bytes => bytes[123_168 + 3] ^= bit)); // the last record's
    }

    /// <summary>A sector is lost as a whole: a length alone is not.</summary>
    [Fact]
    public void A_length_that_became_zero_is_no_torn_end() =>
        Assert.True(IsRefused(EtcdsLog(), bytes => bytes.AsSpan(123_168, 8).Clear()));

    [Fact]
    public void A_hole_before_a_state_and_an_entry_that_skips_indexes_is_damage()
    {
        // Entry 2 and its state are gone; what follows was written after they were synced.
        byte[] log = Build(out int[] starts, Entry(1), State(1), Entry(2, bytes: 1024), State(2), Entry(3), State(3));
        byte[] holed = [.. log];
        Array.Clear(holed, starts[2], starts[3] - starts[2]);
        Assert.True(IsRefusedAsDamage(holed));

        // Without that state, entry 3 may be of the same write.
        log = Build(out starts, Entry(1), State(1), Entry(2, bytes: 1024), Entry(3), State(3));
        Array.Clear(log, starts[2], starts[3] - starts[2]);
        Assert.False(IsRefusedAsDamage(log));
        Assert.Equal(1UL, LogReader.Read(_disk, Wal, default).LastIndex);
    }

    [Fact]
    public void A_hole_before_a_snapshot_and_the_entries_after_it_may_be_a_torn_write()
    {
        byte[] log = Build(out int[] starts, Entry(1), State(1), Checksum, Entry(2, bytes: 1024), Snapshot(9),
            Entry(10));
        Array.Clear(log, starts[2], starts[4] - starts[2]);
        Assert.False(IsRefusedAsDamage(log));
    }

    [Fact]
    public void A_hole_before_a_mark_of_a_sync_is_damage()
    {
        byte[] log = Build(out int[] starts, Entry(1), State(1), Entry(2, bytes: 1024), Checksum, Entry(3));
        byte[] holed = [.. log];
        Array.Clear(holed, starts[2], starts[3] - starts[2]);
        Assert.True(IsRefusedAsDamage(holed));

        // The mark alone, at the very end, is enough: so a log ends that was closed in good order.
        log = Build(out starts, Entry(1), Entry(2, bytes: 1024), Checksum);
        Array.Clear(log, starts[1] + 512, 512);
        Assert.True(IsRefusedAsDamage(log));
    }

    [Fact]
    public void A_commit_beyond_the_last_entry_is_refused()
    {
        Write(Build(out _, Entry(1), State(3)));
        CorruptDataException failure = Assert.Throws<CorruptDataException>(() => LogReader.Read(_disk, Wal, default));
        Assert.Contains("ends with entry 1, but says that entries up to 3", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gap_between_entries_is_refused()
    {
        Write(Build(out _, Entry(1), Entry(4)));
        CorruptDataException failure = Assert.Throws<CorruptDataException>(() => LogReader.Read(_disk, Wal, default));
        Assert.Contains("entries 2 to 3 are missing", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Segments_of_several_members_are_told_apart()
    {
        using (var writer = LogWriter.Create(_disk, Wal + "1", new LogMetadata(1, 9), Options))
            writer.Sync();
        Write(Build(out _, Entry(1), records => records.AddMetadata(new LogMetadata(2, 9))));
        CorruptDataException failure = Assert.Throws<CorruptDataException>(() => LogReader.Read(_disk, Wal, default));
        Assert.Contains("belongs to member 2 of cluster 9", failure.Message, StringComparison.Ordinal);
    }

    private static void Checksum(RecordBuffer records) => records.AddChecksum();

    private static Action<RecordBuffer> Entry(ulong index, int bytes = 8) => records =>
    {
        byte[] data = new byte[bytes];
        Array.Fill(data, (byte)index);
        records.AddEntry(0, term: 1, index, data);
    };

    private static Action<RecordBuffer> State(ulong commit) =>
        records => records.AddState(new LogState(Term: 1, Vote: 1, commit));

    private static Action<RecordBuffer> Snapshot(ulong index) =>
        records => records.AddSnapshot(new LogSnapshot(index, 1, new LogConfState([1], [], [], [], AutoLeave: false)));

    /// <summary>A segment with these records and where each begins.</summary>
    private static byte[] Build(out int[] starts, params Action<RecordBuffer>[] adders)
    {
        var records = new RecordBuffer();
        records.AddChecksum();
        records.AddMetadata(new LogMetadata(1, 9));
        records.AddSnapshot(default);
        starts = new int[adders.Length];
        for (int i = 0; i < adders.Length; i++)
        {
            starts[i] = records.Count;
            adders[i](records);
        }

        byte[] segment = new byte[64 * 1024];
        records.Written.CopyTo(segment);
        return segment;
    }

    private bool IsRefusedAsDamage(byte[] log)
    {
        Write(log);
        try
        {
            Assert.NotNull(LogReader.Read(_disk, Wal, default).TornTail);
            return false;
        }
        catch (CorruptDataException failure)
        {
            Assert.Contains("has been damaged since", failure.Message, StringComparison.Ordinal);
            Assert.Contains(Segment, failure.Message, StringComparison.Ordinal);
            return true;
        }
    }

    /// <summary>Whether the log is refused after the damage; if not, it must read as before.</summary>
    private bool IsRefused(byte[] log, Action<byte[]> damage)
    {
        Write(log);
        LogContents before = LogReader.Read(_disk, Wal, default);
        byte[] damaged = [.. log];
        damage(damaged);
        Write(damaged);
        try
        {
            LogContents after = LogReader.Read(_disk, Wal, default);
            Assert.Equal(before.State, after.State);
            Assert.Equal(before.LastIndex, after.LastIndex);
            Assert.All(before.Entries.Zip(after.Entries), pair => Assert.Equal(pair.First.Data.Span,
                pair.Second.Data.Span));
            return false;
        }
        catch (CorruptDataException)
        {
            return true;
        }
    }

    private void Write(byte[] log)
    {
        _disk.CreateDirectory(Wal);
        using IFile file = _disk.Open(Segment, FileAccessMode.Create);
        file.Write(0, log);
        file.Sync();
    }

    /// <summary>Some fifty writes, a clean end, and where the last write but one begins.</summary>
    private static byte[] OwnLog(out int lastBatch)
    {
        using var disk = new SimulatedDisk(new Random(1));
        disk.CreateDirectory("/data");
        var random = new Random(3);
        var writer = LogWriter.Create(disk, Wal, new LogMetadata(1, 2), Options);
        ulong index = 0;
        long before = 0;
        using IFile file = disk.Open(Segment, FileAccessMode.Read);
        for (int batch = 0; batch < 50; batch++)
        {
            before = TornTail.FindDataEnd(file, 0);
            for (int i = random.Next(4); i >= 0; i--)
            {
                byte[] data = new byte[random.Next(600)];
                random.NextBytes(data);
                writer.AppendEntry(0, term: 1, ++index, data);
            }

            writer.AppendState(new LogState(Term: 1, Vote: 1, Commit: index - 1));
            writer.Sync();
        }

        writer.Close();
        byte[] log = new byte[file.Length];
        file.Read(0, log);
        lastBatch = (int)before;
        return log;
    }

    private static readonly Lazy<byte[]> KilledLog = new(ReadEtcdsLog);

    private static byte[] EtcdsLog() => KilledLog.Value;

    private static byte[] ReadEtcdsLog()
    {
        using TempDirectory unpacked = Fixture.Unpack("3.5.30-killed");
        using FileStream segment = File.OpenRead(Path.Combine(unpacked["m1.etcd/member/wal"],
            Path.GetFileName(Segment)));
        byte[] log = new byte[128 * 1024];
        segment.ReadExactly(log);
        return log;
    }
}
