namespace Kv.Storage.Log;

/// <summary>Makes of the records of a log, in the order they were written, what they say in the end: a later entry
/// takes the place of an earlier one of its index and of all after that.</summary>
/// <param name="from">The snapshot after which entries are wanted; null if none are.</param>
internal sealed class LogCollector(LogSnapshot? from)
{
    private readonly List<LogEntry> _entries = [];
    private readonly List<LogSnapshot> _snapshots = [];
    private readonly EntryArena _arena = new();

    // A snapshot beyond the entries: it came from the leader, and what it covers is not in the log.
    private LogSnapshot _jump;
    private bool _hasFrom;

    public LogMetadata? Metadata { get; private set; }

    public LogState State { get; private set; }

    /// <summary>The index of the last entry or of a snapshot beyond it.</summary>
    public ulong LastIndex { get; private set; } = from?.Index ?? 0;

    public void Add(in Frame frame, LogPlace place)
    {
        bool isRight = frame.Type switch
        {
            RecordType.Metadata => TryAddMetadata(frame.Content, place),
            RecordType.Entry => TryAddEntry(frame.Content, place),
            RecordType.State => TryAddState(frame.Content),
            RecordType.Snapshot => TryAddSnapshot(frame.Content, place),
            RecordType.Checksum => true,
            _ => throw new CorruptDataException(
                place.ToString(),
                $"record of the unknown type {(int)frame.Type}, perhaps of a newer version than this"),
        };
        if (!isRight)
            CorruptDataException.Throw(place.ToString(), $"{frame.Type} record that cannot be parsed");
    }

    /// <summary>The outcome if entries were wanted; <paramref name="place"/> is where the log ends.</summary>
    public LogContents Finish(ulong firstIndex, LogPlace place, LogTornTail? tornTail)
    {
        LogSnapshot wanted = from!.Value;
        CheckCompleteness(wanted, place);
        return new LogContents(Metadata!.Value, State, wanted, _entries, Committed(), firstIndex, tornTail);
    }

    /// <summary>The outcome if none were.</summary>
    public LogSummary Summarize(ulong firstIndex) =>
        new(Metadata!.Value, State, Committed(), firstIndex, LastIndex);

    private List<LogSnapshot> Committed() => [.. _snapshots.Where(snapshot => snapshot.Index <= State.Commit)];

    private void CheckCompleteness(LogSnapshot wanted, LogPlace place)
    {
        if (!_hasFrom)
        {
            CorruptDataException.Throw(
                place.ToString(),
                $"the log has no record of the snapshot at index {wanted.Index}, from which it is to be read");
        }

        if (_jump.Index > State.Commit)
        {
            // That snapshot never took effect.
            LastIndex = _entries.Count > 0 ? _entries[^1].Index : wanted.Index;
        }
        else if (_jump.Index > 0)
        {
            CorruptDataException.Throw(
                place.ToString(),
                $"the log cannot be read from index {wanted.Index}: what came before {_jump.Index} reached this member "
                + $"as a snapshot; it can be read from there");
        }

        if (LastIndex < State.Commit)
        {
            CorruptDataException.Throw(
                place.ToString(),
                $"the log ends with entry {LastIndex}, but says that entries up to {State.Commit} are committed; "
                + LogRemedy.Replace);
        }
    }

    private bool TryAddMetadata(ReadOnlySpan<byte> content, LogPlace place)
    {
        if (!RecordContent.TryReadMetadata(content, out LogMetadata metadata))
            return false;
        if (Metadata is LogMetadata before && before != metadata)
        {
            CorruptDataException.Throw(
                place.ToString(),
                $"this segment belongs to member {metadata.NodeId:x} of cluster {metadata.ClusterId:x}, those before "
                + $"it to member {before.NodeId:x} of cluster {before.ClusterId:x}; "
                + "the files of several members were mixed");
        }

        Metadata = metadata;
        return true;
    }

    private bool TryAddEntry(ReadOnlySpan<byte> content, LogPlace place)
    {
        if (!RecordContent.TryReadEntry(content, out LogEntry entry, out ReadOnlySpan<byte> data))
            return false;
        if (from is not LogSnapshot wanted)
        {
            LastIndex = entry.Index;
            return true;
        }

        if (entry.Index <= wanted.Index)
            return true;
        if (entry.Index <= _jump.Index)
            ForgetJump(wanted);
        if (entry.Index > LastIndex + 1)
        {
            CorruptDataException.Throw(
                place.ToString(),
                $"entries {LastIndex + 1} to {entry.Index - 1} are missing before this one; " + LogRemedy.Replace);
        }

        LastIndex = entry.Index;
        if (_jump.Index > 0)
            return true;

        int kept = (int)(entry.Index - wanted.Index - 1);
        _entries.RemoveRange(kept, _entries.Count - kept);
        _entries.Add(entry with { Data = _arena.Copy(data) });
        return true;
    }

    // Once a snapshot has taken effect, no entry that it covers is written. That this one is shows that a crash came
    // between the record of the snapshot and the state that was to make it count, and the log went on from before it.
    private void ForgetJump(LogSnapshot wanted)
    {
        _jump = default;
        LastIndex = _entries.Count > 0 ? _entries[^1].Index : wanted.Index;
    }

    private bool TryAddState(ReadOnlySpan<byte> content)
    {
        if (!RecordContent.TryReadState(content, out LogState state))
            return false;
        State = state;
        return true;
    }

    private bool TryAddSnapshot(ReadOnlySpan<byte> content, LogPlace place)
    {
        if (!RecordContent.TryReadSnapshot(content, out LogSnapshot snapshot))
            return false;
        _snapshots.Add(snapshot);
        if (from is LogSnapshot wanted && wanted.Index == snapshot.Index)
        {
            if (wanted.Term != snapshot.Term)
            {
                CorruptDataException.Throw(
                    place.ToString(),
                    $"the snapshot at index {snapshot.Index} is of term {snapshot.Term} here, "
                    + $"of {wanted.Term} elsewhere");
            }

            _hasFrom = true;
        }

        if (snapshot.Index > LastIndex)
        {
            _jump = snapshot;
            LastIndex = snapshot.Index;
        }

        return true;
    }
}
