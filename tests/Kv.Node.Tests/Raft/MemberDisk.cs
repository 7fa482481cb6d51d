using Kv.Raft;

namespace Kv.Node.Tests.Raft;

/// <summary>What a crash leaves of a member's log.</summary>
internal sealed class MemberDisk(RestoredState initial)
{
    private readonly List<Entry> _entries = [.. initial.Entries];

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

        foreach (Entry entry in output.Entries)
        {
            int position = checked((int)(entry.Index - Compacted.Index - 1));
            Assert.InRange(position, 0, _entries.Count);
            _entries.RemoveRange(position, _entries.Count - position);
            _entries.Add(entry.Tag is null ? entry : new Entry(entry.Id, entry.Type, entry.Data));
        }

        HardState = output.HardState ?? HardState;
    }

    public void Compact(ulong index)
    {
        if (index <= Compacted.Index)
            return;

        int count = checked((int)(index - Compacted.Index));
        Compacted = _entries[count - 1].Id;
        _entries.RemoveRange(0, count);
    }

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
}
