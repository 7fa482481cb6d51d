using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Planning;

/// <summary>What a volume holds once a member has run on it.</summary>
public sealed class SimulatedStore(ulong memberId, ulong clusterId)
{
    public ulong MemberId => memberId;

    public ulong ClusterId => clusterId;

    public bool IsBroken { get; set; }

    /// <summary>Entries it has yet to apply.</summary>
    public ulong Lag { get; set; }

    /// <summary>The latest change of members that it knows of.</summary>
    public int ConfigVersion { get; set; }

    public long Bytes { get; set; } = 1000;
}

/// <summary>A PersistentVolumeClaim with what is on it.</summary>
public sealed class SimulatedVolume(string member, string uid)
{
    public string Member => member;

    public string Uid => uid;

    public SimulatedStore? Store { get; set; }

    public bool IsTerminating { get; set; }

    public bool IsRetained { get; set; }

    public ulong MarkedFor { get; set; }

    public long Requested { get; set; }

    public long Capacity { get; set; }

    public VolumeFound Look() => new(member, uid, "1")
    {
        IsTerminating = IsTerminating,
        IsRetained = IsRetained,
        MarkedFor = MarkedFor,
        RequestedBytes = Requested,
        CapacityBytes = Capacity,
        AwaitsRestart = Capacity != 0 && Capacity < Requested,
    };
}

/// <summary>A Pod, and the process in it.</summary>
public sealed class SimulatedPod(string member, string uid, string template, DateTimeOffset createdAt)
{
    public string Member => member;

    public string Uid => uid;

    public string Template => template;

    public required PodStart Start { get; init; }

    public required string InitialCluster { get; init; }

    /// <summary>The recovery that it was made in.</summary>
    public int Recovery { get; init; }

    public bool IsTerminating { get; set; }

    public bool IsOpen { get; set; }

    /// <summary>Steps until the process is up, or the pod is gone.</summary>
    public int Delay { get; set; }

    public DateTimeOffset? UpSince { get; set; }

    public int Crashes { get; set; }

    public string Trouble { get; set; } = "";

    public PodFound Look() => new(member, uid, "1")
    {
        Template = template,
        CreatedAt = createdAt,
        IsTerminating = IsTerminating,
        ReadySince = UpSince,
        InitialCluster = InitialCluster,
        IsOpenToClients = IsOpen,
        Recovery = Recovery,
        Crashes = Crashes,
        Trouble = Crashes > 0 && UpSince is null ? PodTrouble.Crashing : PodTrouble.None,
        TroubleText = Trouble,
    };
}
