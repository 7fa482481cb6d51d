namespace Kv.Kubernetes.LeaderElection;

/// <summary>Which lease makes a leader, and how long it lasts. The times are those that everybody uses.</summary>
public sealed record LeaderElectionConfig
{
    public required string LeaseNamespace { get; init; }

    public required string LeaseName { get; init; }

    /// <summary>Who we are: no two processes may be the same, nor one before and after a restart.</summary>
    public string Identity { get; init; } = $"{Environment.MachineName}_{Guid.NewGuid()}";

    /// <summary>For how long after its last sign the others leave a leader alone.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a leader tries to renew before it gives up, which must be well before the others may take
    /// over.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one request may take: two must fit into the deadline.</summary>
    public TimeSpan RequestMax => TimeSpan.FromSeconds(Math.Max(1, RenewDeadline.TotalSeconds / 2));
}
