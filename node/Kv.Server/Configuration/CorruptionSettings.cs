namespace Kv.Server.Configuration;

/// <summary>When members compare what they hold.</summary>
public sealed record CorruptionSettings
{
    /// <summary>Whether a member that starts first compares itself with the others.</summary>
    public required bool HasInitialCheck { get; init; }

    /// <summary>How often the leader compares the hashes of compactions; null if never.</summary>
    public required TimeSpan? CompactionInterval { get; init; }

    /// <summary>How often the leader compares the current keys; null if never.</summary>
    public required TimeSpan? CurrentInterval { get; init; }
}
