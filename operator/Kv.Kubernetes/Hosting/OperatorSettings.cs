using System.Net;
using Kv.Kubernetes.LeaderElection;

namespace Kv.Kubernetes.Hosting;

/// <summary>How the operator's process is run.</summary>
public sealed record OperatorSettings
{
    public required string Name { get; init; }

    /// <summary>Null: there is only one process, and it works at once.</summary>
    public LeaderElectionConfig? LeaderElection { get; init; }

    /// <summary>Where to answer for health; null for nowhere.</summary>
    public IPEndPoint? HealthAddress { get; init; }

    /// <summary>Where to serve metrics; null for beside health.</summary>
    public IPEndPoint? MetricsAddress { get; init; }

    /// <summary>How long the caches may take to fill before the start has failed.</summary>
    public TimeSpan SyncMax { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long workers may take to end.</summary>
    public TimeSpan StopMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long without a word of the server an informer counts as stuck.</summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromMinutes(15);
}
