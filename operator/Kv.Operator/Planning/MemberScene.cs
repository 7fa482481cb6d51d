namespace Kv.Operator.Planning;

/// <summary>One member with all that is known of it side by side, joined by its name.</summary>
public sealed class MemberScene(
    Scene scene,
    MemberRecord record,
    PodFound? pod,
    VolumeFound? volume,
    MemberEntry? entry,
    MemberAnswer? answer)
{
    public MemberRecord Record => record;

    public string Name => record.Name;

    public PodFound? Pod => pod;

    public VolumeFound? Volume => volume;

    /// <summary>Its line in the member list; null if it has none, or if nobody could say.</summary>
    public MemberEntry? Entry => entry;

    public MemberAnswer? Answer => answer;

    public bool IsVoter => entry is { IsLearner: false };

    public bool IsLearner => entry is { IsLearner: true };

    public bool IsLeader => entry is not null && entry.Id == scene.LeaderId;

    /// <summary>A voter that takes part: it answers as the member it should be, reads through it see all writes, it
    /// is close behind the leader, and its data is not in doubt.</summary>
    public bool IsHealthy => entry is not null && scene.IsHealthy(entry);

    public bool IsOutdated => pod is { IsTerminating: false } && pod.Template != scene.Wanted.Template;

    /// <summary>Whether it gives nothing to the cluster: neither it nor the kubelet says that it runs.</summary>
    public bool IsIdle => answer is null && pod?.ReadySince is null;

    /// <summary>Whether its volume is there and can be mounted.</summary>
    public bool HasVolume => volume is { IsOurs: true, IsTerminating: false, IsLost: false };

    /// <summary>Whether the data that it once had is there. The seed's volume has it before it could be marked.
    /// </summary>
    public bool HasData => HasVolume &&
        (volume!.MarkedFor == scene.Found.Record.ClusterId || (volume.MarkedFor == 0 && IsFormingSeed));

    /// <summary>Whether it ever had data of this cluster, so that starting it without would make it forget votes and
    /// entries that it had promised to keep.</summary>
    public bool HadData =>
        record.Phase is MemberPhase.Ready or MemberPhase.Leaving || entry is { HasStarted: true } ||
        (record.IsSeed && scene.Found.Record.ClusterId != 0);

    private bool IsFormingSeed => record is { IsSeed: true, Phase: MemberPhase.Joining };

    /// <summary>What Kubernetes says of its pod, to be put behind a sentence.</summary>
    public string TroubleSuffix => pod is { TroubleText.Length: > 0 } ? $" ({pod.TroubleText})" : "";

    /// <summary>For how long it has had the chance to serve, and did not.</summary>
    public TimeSpan SilentFor(DateTimeOffset now)
    {
        DateTimeOffset since = record.SilentSince ?? now;
        DateTimeOffset young = pod?.CreatedAt ?? since;
        return now - (young > since ? young : since);
    }
}
