namespace Kv.Operator.Planning;

/// <summary>How far the snapshot before an upgrade is.</summary>
public enum UpgradeSnapshotStep
{
    /// <summary>It is asked for; no member has another version yet.</summary>
    Taking,

    /// <summary>It was found right: members may be taken to the other version.</summary>
    Verified,

    /// <summary>Nobody has said where to keep one.</summary>
    Skipped,
}

/// <summary>The snapshot before an upgrade, as it is written down before it is asked for.</summary>
/// <param name="From">Image that all members had: of the same upgrade is whatever leaves it.</param>
/// <param name="Name">The KvSnapshot.</param>
/// <param name="Attempt">How many have been asked for, this one included.</param>
/// <param name="At">When it was: the object says the same, so that one of another upgrade is not taken for it.</param>
public sealed record UpgradeSnapshot(string From, string Name, int Attempt, DateTimeOffset At)
{
    public UpgradeSnapshotStep Step { get; init; }
}

/// <summary>How the KvSnapshot was found that was written down.</summary>
/// <param name="IsOurs">Whether it was made for this upgrade and not for another, or by somebody else.</param>
public sealed record UpgradeSnapshotFound(bool IsOurs)
{
    /// <summary>Whether it is done, and what was taken was found right.</summary>
    public bool IsGood { get; init; }

    /// <summary>When it was over, well or not; null while it is not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What it waits for, or why it failed; empty if nothing is known to be wrong.</summary>
    public string Trouble { get; init; } = "";
}
