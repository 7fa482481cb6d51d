using Kv.Raft;

namespace Kv.Replication;

/// <summary>Who leads in a term, as far as a replica knows, and what it is itself.</summary>
/// <param name="Leader">None while nobody is known to lead.</param>
public sealed record TermView(ulong Term, NodeId Leader, RaftRole Role)
{
    public bool IsLeader => Role == RaftRole.Leader;
}

/// <summary>What other threads may know of a replica. Each number is read whole, but two of them need not be of the
/// same moment: who needs the leader of a term asks <see cref="Now"/> once.</summary>
public sealed class ReplicaView
{
    private volatile TermView _now = new(0, NodeId.None, RaftRole.Follower);
    private ulong _committed;
    private ulong _applied;
    private long _leaderChanges;
    private volatile bool _readsLocally;
    private volatile bool _isRemoved;

    /// <summary>Term and leader of one moment. What etcd's Status says of them need not be, so two leaders of one term
    /// can be seen there while it changes.</summary>
    public TermView Now => _now;

    public ulong Term => _now.Term;

    /// <summary>None while nobody is known to lead.</summary>
    public NodeId Leader => _now.Leader;

    public ulong Committed => Volatile.Read(ref _committed);

    public ulong Applied => Volatile.Read(ref _applied);

    public bool IsLeader => _now.IsLeader;

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

    internal void OnSoftState(SoftState soft, ulong term, bool leaderChanged)
    {
        _now = new TermView(term, soft.Leader, soft.Role);
        if (leaderChanged && soft.Leader != default)
            Volatile.Write(ref _leaderChanges, _leaderChanges + 1);
    }

    internal void OnRemoved() => _isRemoved = true;

    internal void Publish(RaftNode raft, ulong applied, ulong ownTermStart)
    {
        if (_now.Term != raft.Term)
            _now = _now with { Term = raft.Term };
        Volatile.Write(ref _committed, raft.Committed);
        Volatile.Write(ref _applied, applied);
        _readsLocally = IsLoneVoter(raft) && ownTermStart != 0 && applied >= ownTermStart;
    }
}
