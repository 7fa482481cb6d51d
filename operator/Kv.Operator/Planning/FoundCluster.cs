namespace Kv.Operator.Planning;

/// <summary>All that was found out about a cluster in one look. Nothing here is remembered from earlier looks except
/// <see cref="Record"/>, which is read back from the API, and counters whose loss costs only time.</summary>
public sealed record FoundCluster
{
    public required DateTimeOffset Now { get; init; }

    public required ClusterRecord Record { get; init; }

    public bool HasFinalizer { get; init; } = true;

    public IReadOnlyList<PodFound> Pods { get; init; } = [];

    public IReadOnlyList<VolumeFound> Volumes { get; init; } = [];

    /// <summary>The members as a quorum of them agrees; null when nobody could say.</summary>
    public IReadOnlyList<MemberEntry>? Members { get; init; }

    /// <summary>What each member said of itself; one that did not answer is not here.</summary>
    public IReadOnlyList<MemberAnswer> Answers { get; init; } = [];

    public IReadOnlyList<AlarmFound> Alarms { get; init; } = [];

    /// <summary>Whether the storage class lets volumes grow.</summary>
    public bool CanVolumesGrow { get; init; }

    /// <summary>What stands against reading the snapshot that the cluster is to begin with, or with which it is to be
    /// recovered; null if nothing does, or if there is none.</summary>
    public string? SnapshotProblem { get; init; }
    /// <summary>How the etcd cluster was found that is adopted; null if none is, or none any more.</summary>
    public SourceFound? Source { get; init; }

    /// <summary>The snapshot that the record says was asked for before an upgrade; null if it is not there.</summary>
    public UpgradeSnapshotFound? UpgradeSnapshot { get; init; }

    /// <summary>Whether a snapshot is being taken of the cluster; false too where it does not matter.</summary>
    public bool IsSnapshotTaken { get; init; }

    /// <summary>Attempts in a row to move leadership that failed.</summary>
    public int LeaderMoveFailures { get; init; }
}

/// <summary>One line of the cluster's member list. <see cref="Member"/> is the name this operator knows it by, found
/// by the host of its peer URL and never by its position or its own idea of its name; a member that is not ours is
/// called <c>~</c> and its id.</summary>
public sealed record MemberEntry(ulong Id, string Member, string PeerUrl)
{
    public bool IsLearner { get; init; }

    /// <summary>Whether it has told its name to the cluster, which it does on its first start.</summary>
    public bool HasStarted { get; init; }

    /// <summary>The name that it told.</summary>
    public string TheirName { get; init; } = "";

    /// <summary>Where peers find it besides <see cref="PeerUrl"/>.</summary>
    public IReadOnlyList<string> OtherPeerUrls { get; init; } = [];

    public bool IsOurs => !Member.StartsWith('~');
}

/// <summary>What the endpoints of an etcd cluster said that is to be adopted.</summary>
/// <param name="ClusterId">Its id; 0 if nobody answered.</param>
public sealed record SourceFound(ulong ClusterId)
{
    /// <summary>What is wrong with it; null if nothing is.</summary>
    public Obstacle? Obstacle { get; init; }

    /// <summary>The same as a sentence.</summary>
    public string Trouble { get; init; } = "";
}

/// <summary>What one member told about itself.</summary>
public sealed record MemberAnswer(string Member, ulong Id, ulong ClusterId)
{
    /// <summary>The leader as this member sees it; 0 for none.</summary>
    public ulong LeaderId { get; init; }

    public bool IsLearner { get; init; }

    public ulong RaftIndex { get; init; }

    public ulong AppliedIndex { get; init; }

    public ulong Term { get; init; }

    /// <summary>Whether a linearizable read through it was answered: only then does it take part.</summary>
    public bool ServesReads { get; init; }

    /// <summary>Looks in a row in which it was close behind the leader.</summary>
    public int CaughtUpLooks { get; init; }

    /// <summary>The members in this member's own view, in a form that is equal for equal views.</summary>
    public string MembersSeen { get; init; } = "";

    public long StoreBytes { get; init; }

    public long StoreInUseBytes { get; init; }

    public string Version { get; init; } = "";

    /// <summary>The version that it says the whole cluster is of; empty if it does not say so.</summary>
    public string ClusterVersion { get; init; } = "";

    /// <summary>The version that its data is of; empty if it does not say so, as 3.5 does not.</summary>
    public string DataVersion { get; init; } = "";
}

public enum AlarmKind
{
    NoSpace,
    Corrupt,
}

public sealed record AlarmFound(ulong MemberId, AlarmKind Kind);
