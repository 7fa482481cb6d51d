namespace Kv.Store.Leases;

/// <summary>How the leader ends leases.</summary>
public sealed record LeaseClockOptions
{
    /// <summary>Leases handed out for revoking in one pass. With a pass each half second that is a thousand a second,
    /// which leaves room for other writes when a million end together.</summary>
    public int ExpiredMax { get; init; } = 500;

    /// <summary>When a lease that was handed out is still there it is handed out again after this long.</summary>
    public TimeSpan RevokeRetry { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>A new leader lets no more leases end in one second, fewer than a second's passes can revoke.</summary>
    public int ExpiriesPerSecondMax { get; init; } = 750;

    /// <summary>How often what remains of a long lease is told to the other members; null for never.</summary>
    public TimeSpan? CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Called each time a lease is kept alive, on the thread that does; must be quick.</summary>
    public Action? Renewed { get; init; }

    /// <summary>Leases told of in one request.</summary>
    public int CheckpointsMax { get; init; } = 1000;
}
