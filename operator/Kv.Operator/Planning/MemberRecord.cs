namespace Kv.Operator.Planning;

/// <summary>Where a member is on its way through the cluster.</summary>
public enum MemberPhase
{
    /// <summary>Named, and on its way in: not yet known to be a voter.</summary>
    Joining,

    /// <summary>A voter, as wanted.</summary>
    Ready,

    /// <summary>Healthy or not, one too many.</summary>
    Leaving,

    /// <summary>Beyond repair: it goes, volume and all, and another will come for it.</summary>
    Replacing,
}

/// <summary>What is written down about one member.</summary>
public sealed record MemberRecord(string Name, int Serial)
{
    public MemberPhase Phase { get; init; }

    /// <summary>Since when it is in its phase.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Whether the cluster begins, or began, with this member.</summary>
    public bool IsSeed { get; init; }

    /// <summary>Since when it does not serve; null while it does.</summary>
    public DateTimeOffset? SilentSince { get; init; }

    /// <summary>Restarts by us since it last served.</summary>
    public int Restarts { get; init; }

    public DateTimeOffset? RestartedAt { get; init; }

    /// <summary>The template for whose sake it was last restarted while it was well. If it does not serve since, that
    /// template is in doubt, and not the member.</summary>
    public string RolledTo { get; init; } = "";

    public DateTimeOffset? DefragmentedAt { get; init; }

    /// <summary>Why it is in its phase, for people.</summary>
    public string Reason { get; init; } = "";
}
