using Kv.Raft;

namespace Kv.Replication;

/// <summary>Snapshots that are being sent, and those that were of late: from each on the log must be kept, since it is
/// the log that brings the member from there to the present. Kept until 30 s after the end, as in etcd, since the
/// member has yet to install it. (etcd shortens its log not at all meanwhile; here it is kept from the oldest
/// of these on.)</summary>
internal sealed class SnapshotSends(long keepTicks)
{
    // As in etcd. More members than that want one at a time only in a cluster of more than that many.
    private const int UnderWayMax = 16;

    private readonly Dictionary<NodeId, (ulong Index, long? Ended)> _sends = [];

    /// <summary>The oldest of them; null if there is none.</summary>
    public ulong? OldestIndex { get; private set; }

    /// <summary>False if the member is being sent one already, or too many are.</summary>
    public bool TryBegin(NodeId to, ulong index)
    {
        int underWay = 0;
        foreach ((ulong _, long? ended) in _sends.Values)
            underWay += ended is null ? 1 : 0;
        bool isBusy = _sends.TryGetValue(to, out (ulong Index, long? Ended) last) && last.Ended is null;
        if (isBusy || underWay >= UnderWayMax)
            return false;

        _sends[to] = (index, null);
        NoteOldest();
        return true;
    }

    public void End(NodeId to, long now)
    {
        if (_sends.TryGetValue(to, out (ulong Index, long? Ended) send))
            _sends[to] = send with { Ended = now };
    }

    /// <summary>Forgets those that ended long ago; true if there were any.</summary>
    public bool Expire(long now)
    {
        if (_sends.Count == 0)
            return false;

        int before = _sends.Count;
        foreach ((NodeId to, (ulong _, long? ended)) in _sends)
        {
            if (ended is { } end && now - end >= keepTicks)
                _sends.Remove(to);
        }

        NoteOldest();
        return _sends.Count < before;
    }

    private void NoteOldest()
    {
        OldestIndex = null;
        foreach ((ulong index, long? _) in _sends.Values)
            OldestIndex = Math.Min(OldestIndex ?? ulong.MaxValue, index);
    }
}
