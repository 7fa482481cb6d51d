using Kv.Storage.Log;
using Kv.Testing;

namespace Kv.Node.Tests.Wal;

/// <summary>A log that lives and dies, and beside it the list of all records that were written to it, of which only
/// those up to a point were promised. Each rebirth must find the records up to some point not before that.</summary>
internal sealed class CrashingLog(SimulatedDisk disk, Random random, LogOptions options)
{
    public const string Directory = "/data/wal";

    private static readonly LogMetadata Member = new(NodeId: 1, ClusterId: 2);
    private static readonly LogConfState Members = new([1, 2, 3], [], [], [], AutoLeave: false);

    private readonly List<object> _written = [];
    private int _promised;
    private bool _exists;
    private LogState _state;
    private LogState _writtenState;
    private ulong _lastIndex;
    private LogWriter? _writer;

    public int PromisedCount => _promised;

    public int RepairCount { get; private set; }

    /// <summary>Starts the log, or finds it as it was left, which is checked.</summary>
    public void Open()
    {
        if (!LogReader.Exists(disk, Directory))
        {
            Assert.False(_exists, "the log is gone");
            _writer = LogWriter.Create(disk, Directory, Member, options);
            _exists = true;
            return;
        }

        LogContents read = LogReader.Read(disk, Directory, default);
        LogContents opened = LogWriter.Open(disk, Directory, default, options, out _writer);
        Assert.Equal(Describe(read), Describe(opened));
        RepairCount += opened.TornTail is null ? 0 : 1;
        _exists = true;

        string found = Describe(opened);
        int count = _promised;
        while (count <= _written.Count && Describe(Replay(count)) != found)
            count++;
        Assert.True(count <= _written.Count, $"no prefix from {_promised} to {_written.Count} of what was written");

        _written.RemoveRange(count, _written.Count - count);
        _promised = count; // what was read must stay, though nobody synced it
        _state = opened.State;
        _writtenState = opened.State;
        _lastIndex = opened.LastIndex;
    }

    public void DoSomething()
    {
        switch (random.Next(20))
        {
            case < 10:
                AppendEntry();
                break;
            case < 14:
                ulong term = _state.Term + (random.Next(4) == 0 ? 1UL : 0);
                _state = new LogState(term, (ulong)random.Next(3), (ulong)random.NextInt64((long)_state.Commit,
                    (long)_lastIndex + 1));
                _writer!.AppendState(_state);
                break;
            case < 15:
                _writer!.Flush();
                break;
            case < 16 when _state.Commit > 0:
                if (_writer!.NeedsSync)
                    Sync();
                var snapshot = new LogSnapshot(_state.Commit, _state.Term, Members);
                _written.Add(snapshot);
                _writer.AppendSnapshot(snapshot);
                break;
            default:
                Sync();
                break;
        }
    }

    public void Sync()
    {
        if (_state != _writtenState)
            _written.Add(_state);
        _writtenState = _state;
        _writer!.Sync();
        _promised = _written.Count;
    }

    public void Close()
    {
        Sync();
        _writer!.Close();
    }

    /// <summary>The process ends at once; what it handed to the kernel is the kernel's.</summary>
    public void Kill() => _writer?.Dispose();

    public void RefusesUse()
    {
        Assert.Throws<IOException>(() => _writer!.AppendEntry(0, 1, 1, "x"u8));
        Assert.Throws<IOException>(_writer!.Sync);
        Assert.Throws<IOException>(_writer.Flush);
    }

    private void AppendEntry()
    {
        // Now and then a new leader's entry takes the place of some that were not committed.
        ulong index = random.Next(10) == 0 ? (ulong)random.NextInt64((long)_state.Commit + 1,
            (long)_lastIndex + 2) : _lastIndex + 1;
        byte[] data = new byte[random.Next(4) == 0 ? random.Next(2000) : random.Next(100)];
        if (random.Next(4) != 0)
            random.NextBytes(data); // else zeros, which look like sectors that were lost
        var entry = new LogEntry(0, _state.Term, index, data);
        _written.Add(entry);
        _writer!.AppendEntry(0, entry.Term, index, data);
        _lastIndex = index;
    }

    private LogContents Replay(int count)
    {
        var entries = new List<LogEntry>();
        var snapshots = new List<LogSnapshot> { default };
        LogState state = default;
        foreach (object record in _written.Take(count))
        {
            switch (record)
            {
                case LogEntry entry:
                    entries.RemoveRange((int)entry.Index - 1, entries.Count - (int)entry.Index + 1);
                    entries.Add(entry);
                    break;
                case LogState changed:
                    state = changed;
                    break;
                case LogSnapshot snapshot:
                    snapshots.Add(snapshot);
                    break;
            }
        }

        snapshots.RemoveAll(snapshot => snapshot.Index > state.Commit);
        return new LogContents(Member, state, default, entries, snapshots, 0, null);
    }

    private static string Describe(LogContents contents) =>
        $"{contents.State} {string.Join(' ', contents.Snapshots.Select(snapshot => snapshot.Index))} "
        + string.Join(' ', contents.Entries.Select(
            entry => $"{entry.Term}/{entry.Index}:{Convert.ToHexString(entry.Data.Span)}"));
}
