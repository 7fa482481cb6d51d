namespace Kv.Storage.Log;

/// <summary>Appends to a log in etcd's format. Records gather in memory until <see cref="Sync"/> writes them at once
/// and returns when they are on disk: many entries, one write, one sync. Owned by one lane. A write or sync that
/// fails is final, and every call after it fails too: what is on disk is known again only once it was read anew.
/// <para>Within what is written between two syncs, entries come first and the state last, and the first record is a
/// checksum: from these a reader tells a torn write from damage, see <see cref="TornTail"/>.</para></summary>
public sealed class LogWriter : IDisposable
{
    private const int BufferedBytesMax = 1024 * 1024;

    private readonly OpenSegments _segments;
    private readonly RecordBuffer _records = new();
    private readonly LogMetadata _metadata;
    private readonly LogOptions _options;
    private LogState _state;
    private long _position;
    private bool _hasNewState;
    private bool _isAfterSync = true;
    private bool _isUsable = true;

    private LogWriter(OpenSegments segments, LogMetadata metadata, LogOptions options)
    {
        _segments = segments;
        _metadata = metadata;
        _options = options;
    }

    /// <summary>The index of the last entry, or of a snapshot beyond it.</summary>
    public ulong LastIndex { get; private set; }

    /// <summary>The term, vote and commit index that were noted last.</summary>
    public LogState State => _state;

    /// <summary>Whether a promise may depend on the next <see cref="Sync"/>: there is a new entry, term, vote or
    /// snapshot. A new commit index alone can wait for the next sync.</summary>
    public bool NeedsSync { get; private set; }

    /// <summary>Starts the log of a new member. What is at <paramref name="directory"/> in the end is a whole log: it
    /// is made beside it and then renamed.</summary>
    public static LogWriter Create(IDisk disk, string directory, LogMetadata metadata, LogOptions options)
    {
        Invariant.Require(!LogReader.Exists(disk, directory));
        var segments = new OpenSegments(disk, directory, options.SegmentBytes);
        var writer = new LogWriter(segments, metadata, options);
        try
        {
            writer._records.AddChecksum();
            writer._records.AddMetadata(metadata);
            writer._records.AddSnapshot(default);
            LogBirth.Create(disk, directory, segments, writer._records.Written, options.SegmentBytes);
            writer._position = writer._records.Count;
            writer._records.Clear();
            segments.TryReserve();
            return writer;
        }
        catch (IOException)
        {
            segments.Dispose();
            throw;
        }
    }

    /// <summary>Reads the log from a snapshot on, cuts off what a crash left of the last write, and makes ready to
    /// append. All that is returned is on disk.</summary>
    public static LogContents Open(
        IDisk disk, string directory, LogSnapshot from, LogOptions options, out LogWriter writer)
    {
        IReadOnlyList<SegmentName> names = SegmentSet.From(disk, directory, from.Index);
        IReadOnlyList<IFile> files = SegmentSet.Open(disk, directory, names, FileAccessMode.ReadWrite);
        var segments = new OpenSegments(disk, directory, options.SegmentBytes);
        bool isOpen = false;
        try
        {
            for (int i = 0; i < files.Count; i++)
                segments.Add(names[i], files[i]);

            var collector = new LogCollector(from);
            LogEnd end = new LogScan(files, collector).Run();
            LogTornTail? torn = end.TornBytes > 0 ? new LogTornTail(end.Place, end.TornBytes, Backup: null) : null;
            LogContents contents = collector.Finish(names[0].FirstIndex, end.Place, torn);
            string? backup = LogRecovery.MakeSound(disk, directory, files[^1], end, options.SegmentBytes);

            writer = new LogWriter(segments, contents.Metadata, options)
            {
                _state = contents.State,
                _position = end.Place.Offset,
                LastIndex = contents.LastIndex,
            };
            writer._records.Checksum = end.Checksum;
            segments.DropSpares();
            segments.TryReserve();
            isOpen = true;
            return contents with { TornTail = torn is null ? null : torn with { Backup = backup } };
        }
        finally
        {
            if (!isOpen)
                SegmentSet.Close(files);
        }
    }

    /// <summary>Adds an entry, which takes the place of an earlier one of its index and of all after that.</summary>
    public void AppendEntry(int type, ulong term, ulong index, ReadOnlySpan<byte> data)
    {
        Begin();
        Invariant.Require(index > 0 && index <= LastIndex + 1);
        _records.AddEntry(type, term, index, data);
        LastIndex = index;
        NeedsSync = true;
        if (_records.Count >= BufferedBytesMax)
            Flush();
    }

    /// <summary>Notes the state, of which the last one is written after the entries at the next
    /// <see cref="Sync"/>.</summary>
    public void AppendState(in LogState state)
    {
        RequireUsable();
        if (state == _state)
            return;
        NeedsSync |= state.Term != _state.Term || state.Vote != _state.Vote;
        _state = state;
        _hasNewState = true;
    }

    /// <summary>Notes that the store holds all up to a snapshot, so that the log can be read from there.</summary>
    public void AppendSnapshot(in LogSnapshot snapshot)
    {
        Invariant.Require(snapshot.Index == 0 || snapshot.ConfState is not null);
        if (NeedsSync)
            Sync(); // a snapshot does not stand between entries of one write: see SyncEvidence
        Begin();
        _records.AddSnapshot(snapshot);
        LastIndex = Math.Max(LastIndex, snapshot.Index);
        NeedsSync = true;
    }

    /// <summary>Hands what has gathered to the file, without waiting for the disk.</summary>
    public void Flush()
    {
        RequireUsable();
        _isUsable = false; // unless all of this is done
        WriteGathered();
        _isUsable = true;
    }

    /// <summary>Returns when all that was appended is on disk. Goes on to a new segment if this one is full.</summary>
    public void Sync()
    {
        RequireUsable();
        if (_hasNewState)
        {
            Begin();
            _records.AddState(_state);
            _hasNewState = false;
        }

        if (_isAfterSync)
            return; // nothing since

        _isUsable = false; // unless all of this is done
        WriteGathered();
        SyncFile(_segments.Current);
        _isAfterSync = true;
        NeedsSync = false;
        if (_position >= _options.SegmentBytes)
            Cut();
        _isUsable = true;
    }

    /// <summary>Says that entries up to <paramref name="index"/> will not be read again, since there is a snapshot of
    /// them.</summary>
    public void ReleaseTo(ulong index) => _segments.Release(index);

    /// <summary>Deletes the oldest segments that were released, until <paramref name="keep"/> are left in all; returns
    /// how many.</summary>
    public int Purge(int keep)
    {
        RequireUsable();
        return _segments.Purge(keep);
    }

    /// <summary>Ends the log in good order: all is on disk, and so is the proof of it, so that a later reader knows any
    /// fault for damage.</summary>
    public void Close()
    {
        Sync();
        Begin();
        _isUsable = false;
        WriteGathered();
        SyncFile(_segments.Current);
        _segments.DropSpares();
        Dispose();
    }

    /// <summary>Lets go of the files. What was not synced may be lost, as in a crash.</summary>
    public void Dispose()
    {
        _isUsable = false;
        _segments.Dispose();
    }

    private void Begin()
    {
        RequireUsable();
        if (!_isAfterSync)
            return;
        _records.AddChecksum();
        _isAfterSync = false;
    }

    private void WriteGathered()
    {
        if (_records.Count == 0)
            return;
        _options.Observer?.OnWriting();
        _segments.Current.Write(_position, _records.Written);
        _options.Observer?.OnWritten(_records.Count);
        _position += _records.Count;
        _records.Clear();
    }

    /// <summary>Ends this segment where it ends, and goes on in the next one, which gets its name when its head is on
    /// disk.</summary>
    private void Cut()
    {
        _segments.Current.SetLength(_position); // for tidiness: zeros after its end would do no harm

        _records.AddChecksum();
        _records.AddMetadata(_metadata);
        if (_state != default)
            _records.AddState(_state);
        IFile next = _segments.TakeSpare();
        next.Write(0, _records.Written);
        SyncFile(next);
        _segments.Adopt(new SegmentName(_segments.CurrentName.Sequence + 1, LastIndex + 1));
        _position = _records.Count;
        _records.Clear();
        _segments.TryReserve();
    }

    private void SyncFile(IFile file)
    {
        _options.Observer?.OnSyncStarting();
        file.Sync();
        _options.Observer?.OnSynced();
    }

    private void RequireUsable()
    {
        if (!_isUsable)
        {
            throw new IOException(
                $"{_segments.Current.Path}: the log is closed, or a write or sync of it failed before");
        }
    }
}
