using Kv.Raft;

namespace Kv.Replication;

/// <summary>What other threads may know of a replica. Each number is read whole, but two of them need not be of the
/// same moment.</summary>
public sealed class ReplicaView
{
    private ulong _term;
    private ulong _leader;
    private ulong _committed;
    private ulong _applied;
    private int _role;
    private long _leaderChanges;
    private volatile bool _readsLocally;
    private volatile bool _isRemoved;

    public ulong Term => Volatile.Read(ref _term);

    /// <summary>None while nobody is known to lead.</summary>
    public NodeId Leader => new(Volatile.Read(ref _leader));

    public ulong Committed => Volatile.Read(ref _committed);

    public ulong Applied => Volatile.Read(ref _applied);

    public bool IsLeader => (RaftRole)Volatile.Read(ref _role) == RaftRole.Leader;

    public long LeaderChanges => Volatile.Read(ref _leaderChanges);

    /// <summary>Whether a linearizable read needs no round of asking. True of a lone voter that leads and has applied
    /// the first entry of its term: nobody else can commit anything, and nothing is acknowledged before it is
    /// applied here, so the store already holds all that any client was told. It ends when the change that adds
    /// a second voter is applied, which is before that voter can be part of any majority without this one.</summary>
    public bool ReadsLocally => _readsLocally;

    /// <summary>Whether this member was taken out of the cluster, for good: it is to stop.</summary>
    public bool IsRemoved => _isRemoved;

    internal static bool IsLoneVoter(RaftNode raft) =>
        raft.Conf is { IsJoint: false, Voters: [var voter] } && voter == raft.Id;

    internal void OnSoftState(SoftState soft, bool leaderChanged)
    {
        Volatile.Write(ref _role, (int)soft.Role);
        Volatile.Write(ref _leader, soft.Leader.Value);
        if (leaderChanged && soft.Leader != default)
            Volatile.Write(ref _leaderChanges, _leaderChanges + 1);
    }

    internal void OnRemoved() => _isRemoved = true;

    internal void Publish(RaftNode raft, ulong applied, ulong ownTermStart)
    {
        Volatile.Write(ref _term, raft.Term);
        Volatile.Write(ref _committed, raft.Committed);
        Volatile.Write(ref _applied, applied);
        _readsLocally = IsLoneVoter(raft) && ownTermStart != 0 && applied >= ownTermStart;
    }
}
