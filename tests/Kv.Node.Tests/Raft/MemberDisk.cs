using Kv.Raft;

namespace Kv.Node.Tests.Raft;

/// <summary>What a crash leaves of a member's log.</summary>
internal sealed class MemberDisk(RestoredState initial)
{
    private readonly List<Entry> _entries = [.. initial.Entries];

    // A commit index alone is written and not synced, so it may get lost, until the next sync.
    private HardState _unsynced = initial.HardState;

    public HardState HardState { get; private set; } = initial.HardState;

    public EntryId Compacted { get; private set; } = initial.Compacted;

    /// <summary>The last snapshot that was stored, which the store takes in at a restart if it had not.</summary>
    public Snapshot? Snapshot { get; private set; }

    public void Write(Output output)
    {
        if (output.Snapshot is { } snapshot)
        {
            Snapshot = snapshot;
            Compacted = snapshot.Id;
            _entries.Clear();
        }

        Append(output.Entries);
        _unsynced = output.HardState ?? _unsynced;
        if (output.MustSync)
            HardState = _unsynced;
    }

    /// <summary>A crash in the middle of a write: the first entries of it are there, and nothing that
    /// follows.</summary>
    public void WriteTorn(Output output, int entries)
    {
        if (output.Snapshot is null)
            Append(output.Entries.Take(entries));
    }

    public void Compact(ulong index)
    {
        if (index <= Compacted.Index)
            return;

        int count = checked((int)(index - Compacted.Index));
        Compacted = _entries[count - 1].Id;
        _entries.RemoveRange(0, count);
    }

    /// <summary>The entry at <paramref name="index"/>; null if it is gone, or not there yet.</summary>
    public Entry? Find(ulong index) =>
        index > Compacted.Index && index - Compacted.Index <= (ulong)_entries.Count
            ? _entries[Position(index)]
            : null;

    public RestoredState Restore(MemberStore store)
    {
        if (Snapshot is { } snapshot && snapshot.Id.Index > store.Applied)
            store.Restore(snapshot);

        return new RestoredState
        {
            HardState = HardState,
            Compacted = Compacted,
            Entries = [.. _entries],
            Applied = store.Applied,
            Conf = store.Conf,
        };
    }

    private void Append(IEnumerable<Entry> entries)
    {
        foreach (Entry entry in entries)
        {
            int position = Position(entry.Index);
            Assert.InRange(position, 0, _entries.Count);
            _entries.RemoveRange(position, _entries.Count - position);
            _entries.Add(entry.Tag is null ? entry : new Entry(entry.Id, entry.Type, entry.Data));
        }
    }

    private int Position(ulong index) => (int)(index - Compacted.Index - 1);
}
