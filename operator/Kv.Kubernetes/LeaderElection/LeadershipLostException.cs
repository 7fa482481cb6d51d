namespace Kv.Kubernetes.LeaderElection;

/// <summary>Another may lead now. Whoever led must end its process: what it still has in hand is the other's.</summary>
public sealed class LeadershipLostException(string lease)
    : Exception($"The lease {lease} was lost: another may lead now.");
