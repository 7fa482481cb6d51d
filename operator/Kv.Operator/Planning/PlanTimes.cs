namespace Kv.Operator.Planning;

/// <summary>How long the plan is patient.</summary>
public sealed record PlanTimes
{
    /// <summary>Between two looks at something that is under way.</summary>
    public TimeSpan Recheck { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A member that does not serve for so long is restarted: the kubelet had its chance.</summary>
    public TimeSpan SilentBeforeRestart { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Between the first restart of a member and the second; doubles with each.</summary>
    public TimeSpan BetweenRestarts { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Restarts that did not help, after which a member is replaced.</summary>
    public int RestartsMax { get; init; } = 3;

    /// <summary>Container restarts after which a member whose template works elsewhere is thought to have bad data.
    /// </summary>
    public int CrashesMax { get; init; } = 5;

    /// <summary>A learner that has not caught up by then is taken out again: while it is there, nothing else can be
    /// repaired.</summary>
    public TimeSpan LearnerDeadline { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>A pod made from a new template that does not serve by then stops the roll.</summary>
    public TimeSpan RollDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a restarted member must have been ready before the next is touched.</summary>
    public TimeSpan StableBeforeNext { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A lost quorum shorter than this is a hiccup.</summary>
    public TimeSpan QuorumLostAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between two attempts to make room in a full store.</summary>
    public TimeSpan BetweenSpaceRecoveries { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>From the end of a snapshot before an upgrade that failed to the next attempt.</summary>
    public TimeSpan BetweenUpgradeSnapshots { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Between two defragmentations of one member.</summary>
    public TimeSpan BetweenDefragmentations { get; init; } = TimeSpan.FromMinutes(10);
}
