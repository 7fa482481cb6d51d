using Kv.Store;
using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>What a member answers to a request for keys.</summary>
internal readonly record struct Outcome(KvError Error, Answer? Answer = null)
{
    /// <summary>Whether an error leaves open what became of the request.</summary>
    public bool IsUnknown => LeavesOpen(Error);

    public static bool LeavesOpen(KvError error) => error is KvError.Timeout
        or KvError.TimeoutDueToLeaderFailure
        or KvError.TimeoutDueToConnectionLost
        or KvError.LeaderChanged;
}
