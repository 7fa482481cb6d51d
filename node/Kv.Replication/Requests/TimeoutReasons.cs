using Kv.Raft;
using Kv.Store;

namespace Kv.Replication;

/// <summary>Says why a request probably ran out of time, by etcd's rules: the leader changed while it waited, or there
/// was no connection to whom it needed all that time.</summary>
internal sealed class TimeoutReasons(RaftNode raft, INetwork network, ReplicaOptions options)
{
    private long _now;
    private long? _ledSince;

    public void OnTick() => _now++;

    /// <summary>Somebody leads now who did not before.</summary>
    public void OnLeader() => _ledSince = _now;

    /// <summary>For a request that waited for so many ticks.</summary>
    public KvError Explain(int ticks)
    {
        // The old leader may have been gone for two election timeouts before the new one was elected.
        long start = _now - ticks;
        if (start < _ledSince && start > _ledSince - (2 * options.ElectionTicks))
            return KvError.TimeoutDueToLeaderFailure;

        NodeId leader = raft.LeaderId;
        if (leader == NodeId.None)
            return KvError.Timeout;
        TimeSpan waited = ticks * options.TickInterval;
        bool isConnected = leader == raft.Id ? IsQuorumConnected(waited) : network.IsConnected(leader, waited);
        return isConnected ? KvError.Timeout : KvError.TimeoutDueToConnectionLost;
    }

    private bool IsQuorumConnected(TimeSpan since)
    {
        IReadOnlyList<NodeId> voters = raft.Conf.Voters;
        int connected = 0;
        foreach (NodeId voter in voters)
            connected += voter == raft.Id || network.IsConnected(voter, since) ? 1 : 0;
        return connected > voters.Count / 2;
    }
}
