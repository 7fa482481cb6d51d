namespace Kv.Operator.Planning;

/// <summary>Why a pod does not run, as far as Kubernetes knows.</summary>
public enum PodTrouble
{
    None,
    Unschedulable,
    ImageMissing,
    Crashing,
    OutOfMemory,

    /// <summary>What prepares its volume fails.</summary>
    InitFailing,
}

/// <summary>The pod of a member. <see cref="Version"/> is its resource version: what is deleted is what was judged.
/// </summary>
public sealed record PodFound(string Member, string Uid, string Version)
{
    /// <summary>Whether it belongs to this very cluster, and not to an earlier one of the same name.</summary>
    public bool IsOurs { get; init; } = true;

    public required string Template { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public bool IsTerminating { get; init; }

    /// <summary>Whether it ended for good, as an evicted pod does.</summary>
    public bool IsFinished { get; init; }

    /// <summary>Since when it is ready; null while it is not.</summary>
    public DateTimeOffset? ReadySince { get; init; }

    /// <summary>The members that it was told of for its first start; empty if it was to resume.</summary>
    public string InitialCluster { get; init; } = "";

    /// <summary>The number of the recovery in which it was made to be a cluster of its own; 0 for others.</summary>
    public int Recovery { get; init; }

    /// <summary>Whether the Service of clients may choose it.</summary>
    public bool IsOpenToClients { get; init; }

    /// <summary>The node that it is on; empty before it has one.</summary>
    public string Node { get; init; } = "";

    /// <summary>The zone of its node; empty if that is not known.</summary>
    public string Zone { get; init; } = "";

    /// <summary>How often its container was restarted by the kubelet.</summary>
    public int Crashes { get; init; }

    public PodTrouble Trouble { get; init; }

    /// <summary>What Kubernetes says about the trouble.</summary>
    public string TroubleText { get; init; } = "";
}

/// <summary>The volume (claim) of a member.</summary>
public sealed record VolumeFound(string Member, string Uid, string Version)
{
    public bool IsOurs { get; init; } = true;

    public bool IsTerminating { get; init; }

    /// <summary>Whether what it was bound to is gone, or can only be reached from a node that is gone.</summary>
    public bool IsLost { get; init; }

    /// <summary>The cluster whose data it was seen to hold; 0 if it was never seen to.</summary>
    public ulong MarkedFor { get; init; }

    /// <summary>Whether it was kept when its member left; it is nobody's now.</summary>
    public bool IsRetained { get; init; }

    public long RequestedBytes { get; init; }

    public long CapacityBytes { get; init; }

    /// <summary>Whether it has grown but for the file system, which grows when a pod mounts it anew.</summary>
    public bool AwaitsRestart { get; init; }

    /// <summary>What Kubernetes says about it, if it is in trouble.</summary>
    public string TroubleText { get; init; } = "";
}
