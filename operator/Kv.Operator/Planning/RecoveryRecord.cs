namespace Kv.Operator.Planning;

/// <summary>How far a recovery is. Each step is written down before the first thing of it is done.</summary>
public enum RecoveryStep
{
    /// <summary>All pods end; nothing is lost yet, and the request can be withdrawn.</summary>
    Fencing,

    /// <summary>The claims of all but the survivor are put aside, and it is made a cluster of its own.</summary>
    Forcing,

    /// <summary>The survivor starts again without being forced.</summary>
    Restarting,

    /// <summary>All claims are put aside, and with them the cluster that was.</summary>
    Clearing,

    /// <summary>A new first member begins with the snapshot.</summary>
    Seeding,

    /// <summary>The request is taken off the object.</summary>
    Ending,
}

/// <summary>A recovery under way: the one decision that could not be found out again.</summary>
/// <param name="Request">What was asked for, as it was written.</param>
/// <param name="Number">How many there have been of this cluster, this one included.</param>
public sealed record RecoveryRecord(string Request, int Number)
{
    public string Survivor { get; init; } = "";

    public string Snapshot { get; init; } = "";

    public RecoveryStep Step { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Members with lower serials are of the time before.</summary>
    public int FirstSerial { get; init; }
}

/// <summary>A recovery that is over.</summary>
public sealed record PastRecovery(string Request, int Number)
{
    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset EndedAt { get; init; }

    /// <summary>What came of it, for people.</summary>
    public string Outcome { get; init; } = "";
}
