using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Pages;

/// <summary>How a cluster is, in the order in which somebody wants to see them.</summary>
public enum ClusterState
{
    Down,
    Invalid,
    Degraded,
    Working,
    New,
    Paused,
    Healthy,
}

/// <summary>One word for the conditions of a cluster.</summary>
public static class ClusterStates
{
    public static ClusterState Of(V1KvCluster cluster)
    {
        if (cluster.Status?.Conditions is not { Count: > 0 })
            return ClusterState.New;
        bool isForming = cluster.Status.Phase == "Forming";
        return cluster switch
        {
            { Metadata.DeletionTimestamp: not null } => ClusterState.Working,
            _ when Says(cluster, "Available", "False") && !isForming => ClusterState.Down,
            _ when Says(cluster, "SpecValid", "False") => ClusterState.Invalid,
            _ when Says(cluster, "Degraded", "True") => ClusterState.Degraded,
            _ when Says(cluster, "Paused", "True") => ClusterState.Paused,
            _ when Says(cluster, "Ready", "True") => ClusterState.Healthy,
            _ => ClusterState.Working,
        };
    }

    /// <summary>As people read it.</summary>
    public static string TextOf(ClusterState state) => state switch
    {
        ClusterState.Down => "No quorum",
        ClusterState.Invalid => "Invalid specification",
        ClusterState.Degraded => "Degraded",
        ClusterState.Working => "In progress",
        ClusterState.New => "Not looked at yet",
        ClusterState.Paused => "Paused",
        _ => "Healthy",
    };

    public static V1Condition? ConditionOf(V1KvCluster cluster, string type) =>
        cluster.Status?.Conditions?.FirstOrDefault(condition => condition.Type == type);

    private static bool Says(V1KvCluster cluster, string type, string status) =>
        ConditionOf(cluster, type)?.Status == status;
}
