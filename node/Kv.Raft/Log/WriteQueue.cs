namespace Kv.Raft;

/// <summary>A write that its owner was asked for and has not reported durable.</summary>
/// <param name="LastIndex">The log up to here, as it is in memory, is durable once this write is.</param>
internal readonly record struct PendingWrite(ulong Number, ulong LastIndex, ulong Term, NodeId Vote);

/// <summary>The writes under way, in order. When entries are replaced in memory, the writes that carry the old ones
/// must no longer vouch for the new ones at the same place, even if a later leader brings back the very entries
/// that were replaced: between the two the disk holds others. So each write is cut back when the log is.</summary>
internal sealed class WriteQueue
{
    private readonly List<PendingWrite> _writes = [];
    private ulong _lastNumber;

    public bool IsEmpty => _writes.Count == 0;

    public ulong Add(ulong lastIndex, ulong term, NodeId vote)
    {
        _lastNumber++;
        _writes.Add(new PendingWrite(_lastNumber, lastIndex, term, vote));
        return _lastNumber;
    }

    public void Truncate(ulong lastKept)
    {
        for (int i = 0; i < _writes.Count; i++)
        {
            if (_writes[i].LastIndex > lastKept)
                _writes[i] = _writes[i] with { LastIndex = lastKept };
        }
    }

    /// <summary>Takes out the write and all before it, which are durable with it, and returns it.</summary>
    public PendingWrite Complete(ulong number)
    {
        int position = 0;
        while (position < _writes.Count && _writes[position].Number != number)
            position++;

        Invariant.Require(position < _writes.Count);
        PendingWrite completed = _writes[position];
        _writes.RemoveRange(0, position + 1);
        return completed;
    }
}
