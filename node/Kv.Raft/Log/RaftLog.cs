using System.Numerics;

namespace Kv.Raft;

/// <summary>The tail of the replicated log that is kept in memory, and how far each stage has come with it.
/// <code>
///            Compacted        Applied  HandedOut   Persisted   Written   LastIndex
/// ... gone ──────┤ entries ......│.........│............│..........│..........│
///                            (Committed lies at HandedOut or anywhere after it)
/// </code>
/// Entries live in a ring at the slot <c>index mod length</c>. Nobody outside gets hold of the ring, so that other
/// threads may read what was handed out while it is overwritten.</summary>
internal sealed class RaftLog
{
    private const int RingLengthMin = 64;

    private readonly WriteQueue _writes;
    private Entry[] _ring;
    private EntryId _compacted;

    // The last slice that was made, good for the next follower as long as the log's end is the same.
    private ReadOnlyMemory<Entry> _slice;
    private ulong _sliceFirst;
    private ulong _sliceEnd;

    public RaftLog(RestoredState restored, WriteQueue writes)
    {
        _writes = writes;
        _compacted = restored.Compacted;
        _ring = new Entry[RingLength(restored.Entries.Count)];
        LastIndex = _compacted.Index;
        foreach (Entry entry in restored.Entries)
        {
            if (entry.Index != LastIndex + 1)
                RaftSafetyException.Throw($"the log has entry {entry.Index} after entry {LastIndex}");
            Put(entry);
        }

        ulong committed = Math.Max(restored.HardState.Commit, restored.Applied);
        committed = Math.Max(committed, CommittedByConfChanges(restored.Entries));
        if (committed > LastIndex || restored.Applied < _compacted.Index)
        {
            RaftSafetyException.Throw(
                $"the log reaches from {_compacted.Index} to {LastIndex}, but {committed} is committed and "
                + $"{restored.Applied} applied");
        }

        Committed = Math.Max(committed, _compacted.Index);
        Applied = restored.Applied;
        HandedOut = restored.Applied;
        Written = LastIndex;
        Persisted = LastIndex;
    }

    /// <summary>The entry before the first that is kept.</summary>
    public EntryId Compacted => _compacted;

    public ulong FirstIndex => _compacted.Index + 1;

    public ulong LastIndex { get; private set; }

    public EntryId LastId => new(Term(LastIndex), LastIndex);

    public ulong Committed { get; private set; }

    /// <summary>The store contains all up to here.</summary>
    public ulong Applied { get; private set; }

    /// <summary>All up to here was given out to be applied.</summary>
    public ulong HandedOut { get; private set; }

    /// <summary>All up to here was given out to be written.</summary>
    public ulong Written { get; private set; }

    /// <summary>All up to here is durable at this node. Zero while a snapshot that replaces the log is being
    /// written.</summary>
    public ulong Persisted { get; private set; }

    /// <summary>The snapshot that replaced the log and was not given out yet.</summary>
    public Snapshot? UnwrittenSnapshot { get; private set; }

    public bool HasUnwritten => Written < LastIndex || UnwrittenSnapshot is not null;

    public bool HasToApply => HandedOut < Math.Min(Committed, Persisted);

    /// <summary>Whether a snapshot has taken the log's place and the store does not contain it yet.</summary>
    public bool IsRestoring => Applied < _compacted.Index;

    public ref readonly Entry this[ulong index] => ref _ring[Slot(index)];

    public bool TryTerm(ulong index, out ulong term)
    {
        term = 0;
        if (index < _compacted.Index || index > LastIndex)
            return false;

        term = index == _compacted.Index ? _compacted.Term : _ring[Slot(index)].Term;
        return true;
    }

    public bool Contains(EntryId id) => TryTerm(id.Index, out ulong term) && term == id.Term;

    /// <summary>Appends a leader's own entry.</summary>
    public void Append(in Entry entry)
    {
        Invariant.Require(entry.Index == LastIndex + 1);
        Put(entry);
    }

    /// <summary>Takes over a leader's entries if this log contains the one before them; what differs from them gives
    /// way. <paramref name="dropped"/> gets the tagged ones among the latter.</summary>
    public bool TryAppend(EntryId previous, ReadOnlySpan<Entry> entries, List<Entry> dropped)
    {
        if (!Contains(previous))
            return false;

        int known = 0;
        while (known < entries.Length && Contains(entries[known].Id))
            known++;
        if (known == entries.Length)
            return true; // An old message must not cut off what a later one brought (§5.3).

        Invariant.Require(entries[known].Index > Committed);
        Truncate(entries[known].Index - 1, dropped);
        for (int i = known; i < entries.Length; i++)
            Put(entries[i]);
        return true;
    }

    public bool TryCommit(ulong index)
    {
        if (index <= Committed)
            return false;

        Invariant.Require(index <= LastIndex);
        Committed = index;
        return true;
    }

    /// <summary>The last entry, at <paramref name="index"/> or before it, whose term is not above
    /// <paramref name="term"/>: the logs of two nodes can agree no later, if the other's entry at that index is of that
    /// term. Term zero if that lies before what is kept.</summary>
    public EntryId FindConflict(ulong index, ulong term)
    {
        while (TryTerm(index, out ulong found))
        {
            if (found <= term || index == 0)
                return new EntryId(found, index);
            index--;
        }

        return new EntryId(0, index);
    }

    /// <summary>A copy of the entries from <paramref name="first"/> on, up to a size but at least one; followers that
    /// need the same share it.</summary>
    public ReadOnlyMemory<Entry> Slice(ulong first, long bytesMax)
    {
        if (first > LastIndex)
            return default;
        if (_sliceFirst == first && _sliceEnd == LastIndex)
            return _slice;

        ulong last = first;
        long bytes = _ring[Slot(first)].Bytes;
        while (last < LastIndex && bytes + _ring[Slot(last + 1)].Bytes <= bytesMax)
        {
            last++;
            bytes += _ring[Slot(last)].Bytes;
        }

        var copy = new Entry[last - first + 1];
        for (ulong index = first; index <= last; index++)
            copy[index - first] = _ring[Slot(index)].WithoutTag();
        _slice = copy;
        _sliceFirst = first;
        _sliceEnd = LastIndex;
        return _slice;
    }

    public void TakeUnwritten(Output output)
    {
        output.Snapshot = UnwrittenSnapshot;
        UnwrittenSnapshot = null;
        while (Written < LastIndex)
        {
            Written++;
            output.Entries.Add(_ring[Slot(Written)]);
        }
    }

    /// <summary>Gives out what may be applied, up to a size but at least one entry. Returns the bytes of their
    /// data. The tags go with them: the log is kept much longer than whoever waits for an answer.</summary>
    public long TakeCommitted(List<Entry> entries, long bytesMax)
    {
        ulong end = Math.Min(Committed, Persisted);
        long bytes = 0;
        long dataBytes = 0;
        while (HandedOut < end)
        {
            ref Entry entry = ref _ring[Slot(HandedOut + 1)];
            bytes += entry.Bytes;
            if (bytes > bytesMax && entries.Count > 0)
                break;

            HandedOut++;
            dataBytes += entry.Data.Length;
            entries.Add(entry);
            if (entry.Tag is not null)
                entry = entry.WithoutTag();
        }

        return dataBytes;
    }

    public void OnPersisted(ulong index) => Persisted = Math.Max(Persisted, index);

    public void OnApplied(ulong index)
    {
        Invariant.Require(index <= HandedOut);
        Applied = Math.Max(Applied, index);
    }

    /// <summary>Whether an entry that is committed and not applied changes the membership.</summary>
    public bool HasUnappliedConfChange()
    {
        for (ulong index = Math.Max(Applied, _compacted.Index) + 1; index <= Committed; index++)
        {
            if (_ring[Slot(index)].ChangesConf)
                return true;
        }

        return false;
    }

    /// <summary>Forgets the entries up to <paramref name="index"/>, which must have been applied.</summary>
    public void Compact(ulong index)
    {
        Invariant.Require(index <= Applied);
        if (index <= _compacted.Index)
            return;

        ulong term = Term(index);
        for (ulong gone = FirstIndex; gone <= index; gone++)
            _ring[Slot(gone)] = default;
        _compacted = new EntryId(term, index);
    }

    /// <summary>Puts a snapshot in the place of the whole log.</summary>
    public void Restore(Snapshot snapshot, List<Entry> dropped)
    {
        Invariant.Require(snapshot.Id.Index > Committed);
        Truncate(_compacted.Index, dropped);
        _writes.Truncate(0);
        _compacted = snapshot.Id;
        UnwrittenSnapshot = snapshot;
        LastIndex = snapshot.Id.Index;
        Committed = LastIndex;
        HandedOut = LastIndex;
        Written = LastIndex;
        Persisted = 0;
    }

    /// <summary>A leader proposes a change of the membership only when it has applied the one before. So of two in a
    /// log the first is committed, even if a crash took the record of that; and a node that knew neither to be so
    /// could elect itself by the voters of long ago.</summary>
    private static ulong CommittedByConfChanges(IReadOnlyList<Entry> entries)
    {
        ulong committed = 0;
        ulong last = 0;
        foreach (Entry entry in entries)
        {
            if (entry.ChangesConf)
                (committed, last) = (last, entry.Index);
        }

        return committed;
    }

    private ulong Term(ulong index)
    {
        bool isKept = TryTerm(index, out ulong term);
        Invariant.Require(isKept);
        return term;
    }

    private void Truncate(ulong lastKept, List<Entry> dropped)
    {
        for (ulong index = lastKept + 1; index <= LastIndex; index++)
        {
            ref Entry entry = ref _ring[Slot(index)];
            if (entry.Tag is not null)
                dropped.Add(entry);
            entry = default;
        }

        LastIndex = lastKept;
        Written = Math.Min(Written, lastKept);
        Persisted = Math.Min(Persisted, lastKept);
        _writes.Truncate(lastKept);
        _sliceFirst = 0;
    }

    private void Put(in Entry entry)
    {
        if (LastIndex - _compacted.Index == (ulong)_ring.Length)
            Grow();

        LastIndex = entry.Index;
        _ring[Slot(LastIndex)] = entry;
    }

    private void Grow()
    {
        Entry[] old = _ring;
        _ring = new Entry[2 * old.Length];
        for (ulong index = FirstIndex; index <= LastIndex; index++)
            _ring[Slot(index)] = old[(int)(index & (ulong)(old.Length - 1))];
    }

    private int Slot(ulong index) => (int)(index & (ulong)(_ring.Length - 1));

    private static int RingLength(int count) =>
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(RingLengthMin, count));
}
