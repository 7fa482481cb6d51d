namespace Kv.Operator.Planning;

/// <summary>What becomes of the volume of a member that is no longer wanted.</summary>
public enum VolumeFate
{
    Delete,
    Retain,
}

/// <summary>What a user asked for, with every default filled in and nothing left to interpret.</summary>
public sealed record WantedCluster
{
    public required string Name { get; init; }

    public int Replicas { get; init; } = 3;

    /// <summary>Hash of what every pod of the cluster shall look like, less what differs between members. A pod that
    /// was made from another template is outdated.</summary>
    public required string Template { get; init; }

    public long VolumeBytes { get; init; }

    /// <summary>Size of a store at which its member refuses writes.</summary>
    public long QuotaBytes { get; init; }

    public bool IsPaused { get; init; }

    public bool IsDeleting { get; init; }

    public VolumeFate WhenScaled { get; init; }

    public VolumeFate WhenDeleted { get; init; } = VolumeFate.Retain;

    /// <summary>Bytes of a store that a defragmentation would free, from which on it is done; 0 turns it
    /// off.</summary>
    public long DefragmentFromBytes { get; init; }

    /// <summary>What a person asks for to bring back a cluster that has lost its quorum; null for nothing.</summary>
    public RecoveryRequest? Recovery { get; init; }
    /// <summary>The version that the image of the members names; null if it names none, or if that is not to matter.
    /// </summary>
    public Version? Version { get; init; }

    /// <summary>Why the version that is asked for is not given to anybody; null if it is.</summary>
    public string? VersionRefusal { get; init; }

    /// <summary>The step to another version; null if none is asked for, or none that may be taken.</summary>
    public UpgradeWanted? Upgrade { get; init; }

    /// <summary>Whether the cluster is to begin as an etcd cluster that runs already.</summary>
    public bool Adopts { get; init; }

    /// <summary>Whether that cluster's own members are to leave when ours are in.</summary>
    public bool IsAdoptionFinal { get; init; }

    /// <summary>What is wrong with the specification, if the schema could not say it; null when it can be
    /// met.</summary>
    public string? Problem { get; init; }

    public PlanTimes Times { get; init; } = new();

    /// <summary>Names are made from a counter that never goes back, so two incarnations never look alike.</summary>
    public string MemberName(int serial) => $"{Name}-{serial}";

    /// <summary>The serial in a member's name; -1 if the name is not of this cluster.</summary>
    public int SerialOf(string member) =>
        member.StartsWith(Name + "-", StringComparison.Ordinal) &&
        int.TryParse(member.AsSpan(Name.Length + 1), out int serial) && MemberName(serial) == member
            ? serial
            : -1;
}
