namespace Kv.Server.Http;

/// <summary>What the HTTP endpoints ask of the node.</summary>
public interface INodeHealth
{
    bool HasLeader { get; }

    bool IsLearner { get; }

    /// <summary>The alarms that are raised on any member: <c>NOSPACE</c>, <c>CORRUPT</c>.</summary>
    IReadOnlyList<string> Alarms { get; }

    NodeVersions Versions { get; }

    RaftSummary Raft { get; }

    /// <summary>Reads something, to see that it can be done: null if so, else the error in etcd's words.</summary>
    ValueTask<string?> TryReadAsync(bool isLinearizable, CancellationToken cancelled);
}

/// <summary>As etcd words them: <c>3.7.1</c>; a cluster version that is not known yet is <c>not_decided</c>.</summary>
public sealed record NodeVersions(string Server, string Cluster, string Storage);

/// <summary>Where this member's Raft stands.</summary>
/// <param name="State"><c>StateLeader</c>, <c>StateFollower</c>, <c>StateCandidate</c> or
/// <c>StatePreCandidate</c>.</param>
public sealed record RaftSummary(
    ulong Id, ulong Term, ulong Vote, ulong Commit, ulong Leader, string State, ulong Applied);
