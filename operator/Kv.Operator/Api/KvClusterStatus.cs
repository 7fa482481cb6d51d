using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Api;

public sealed class KvClusterStatus : ApiModel
{
    [Description("Generation of the spec that the rest was found for.")]
    public long? ObservedGeneration { get; set; }

    [Description("One word for the state; conditions say more.")]
    public string? Phase { get; set; }

    [Description("What is being done or waited for.")]
    public string? Message { get; set; }

    [Description("Members that are here to stay or on their way.")]
    public int? Replicas { get; set; }

    [Description("Voters that serve.")]
    public int? ReadyReplicas { get; set; }

    [Description("Selects the pods; for autoscalers.")]
    public string? Selector { get; set; }

    [Description("Id of the cluster, in hexadecimal, once it has formed. Changed by a recovery from a snapshot alone.")]
    public string? ClusterId { get; set; }

    [Description("Version that all members run; of the oldest while they differ.")]
    public string? Version { get; set; }

    [Description("Version that the data of the members is of, if they say so.")]
    public string? DataVersion { get; set; }

    [Description("The versions between which members are being taken.")]
    public KvUpgradeStatus? Upgrade { get; set; }

    [Description("The snapshot before the upgrade under way.")]
    public KvUpgradeSnapshotStatus? UpgradeSnapshot { get; set; }

    [Description("Image of the members; kept when the spec names none, so that a newer operator restarts nobody.")]
    public string? Image { get; set; }

    [Description("Quota in bytes where the spec names none: it grows when all volumes have.")]
    public long? DefaultQuota { get; set; }

    [Description("How far the etcd cluster of spec.bootstrap.fromEtcd is taken over.")]
    public KvAdoptionStatus? Adoption { get; set; }

    [Description("Name of the leader.")]
    public string? Leader { get; set; }

    [Description("Number of the next member; never goes back.")]
    public int? NextMember { get; set; }

    [ItemsMaximum(32)]
    [XListMapKeys("name")]
    public IList<KvMemberStatus>? Members { get; set; }

    [Description("What is under way.")]
    public KvOperationStatus? Operation { get; set; }

    [Description("Template of the roll under way, and the members when one of them was last restarted for it.")]
    public string? MembersBeforeRoll { get; set; }

    [Description("When history was last given up because a store was full.")]
    public DateTime? CompactedAt { get; set; }

    [Description("Since when too few voters serve.")]
    public DateTime? QuorumLostSince { get; set; }

    [Description("The recovery under way.")]
    public KvRecoveryStatus? Recovery { get; set; }

    [Description("The recovery that was last finished.")]
    public KvPastRecoveryStatus? LastRecovery { get; set; }

    [Description("When the certificates end that end first.")]
    public DateTime? CertificatesExpireAt { get; set; }

    [Description("What has come of the schedule of snapshots.")]
    public KvScheduleStatus? Snapshots { get; set; }

    [ItemsMaximum(32)]
    [XListMapKeys("type")]
    public IList<V1Condition>? Conditions { get; set; }
}

/// <summary>What is written down and what is found of one member: one line.</summary>
public sealed class KvMemberStatus : ApiModel
{
    public string Name { get; set; } = "";

    [Description("Joining, Ready, Leaving or Replacing.")]
    public string? Phase { get; set; }

    [Description("Since when it is in its phase.")]
    public DateTime? Since { get; set; }

    [Description("Why it is in its phase.")]
    public string? Reason { get; set; }

    [Description("Id, in hexadecimal.")]
    public string? Id { get; set; }

    [Description("Leader, Voter, Learner or None.")]
    public string? Role { get; set; }

    public bool? Healthy { get; set; }

    public string? Version { get; set; }

    [Description("Size of the store in bytes, roughly: it is written when it has changed by more than a tenth.")]
    public long? DbSize { get; set; }

    [Description("Bytes of the store in use, as roughly.")]
    public long? DbSizeInUse { get; set; }

    [ItemsMaximum(4)]
    [Description("Alarms raised for it, NoSpace or Corrupt, as far as a member that serves tells of them.")]
    public IList<string>? Alarms { get; set; }

    public string? Node { get; set; }

    public string? Zone { get; set; }

    public bool? Seed { get; set; }

    [Description("Since when it does not serve.")]
    public DateTime? SilentSince { get; set; }

    [Description("Restarts by the operator since it last served.")]
    public int? Restarts { get; set; }

    public DateTime? RestartedAt { get; set; }

    [Description("Template for whose sake it was last restarted while it was well.")]
    public string? RolledTo { get; set; }

    public DateTime? DefragmentedAt { get; set; }
}

public sealed class KvUpgradeStatus : ApiModel
{
    [Description("Version of the oldest member.")]
    public string? From { get; set; }

    public string? To { get; set; }
}

public sealed class KvOperationStatus : ApiModel
{
    [Description("Rule of the plan that asked for it.")]
    public string? Type { get; set; }

    public string? Member { get; set; }

    public string? Reason { get; set; }

    public DateTime? StartedAt { get; set; }
}

/// <summary>What is written down of a recovery before each of its steps.</summary>
public sealed class KvRecoveryStatus : ApiModel
{
    [Description("What was asked for, as it was written.")]
    public string? Request { get; set; }

    [Description("How many there have been, this one included.")]
    public int? Number { get; set; }

    [Description("Fencing, Forcing, Restarting, Clearing, Seeding or Ending.")]
    public string? Step { get; set; }

    [Description("The member that goes on.")]
    public string? Survivor { get; set; }

    [Description("The snapshot that the cluster begins again with.")]
    public string? Snapshot { get; set; }

    [Description("Members with lower numbers are of the time before.")]
    public int? FirstMember { get; set; }

    public DateTime? StartedAt { get; set; }
}

public sealed class KvPastRecoveryStatus : ApiModel
{
    [Description("What was asked for, as it was written.")]
    public string? Request { get; set; }

    public int? Number { get; set; }

    [Description("What came of it.")]
    public string? Outcome { get; set; }

    public DateTime? StartedAt { get; set; }

    public DateTime? EndedAt { get; set; }
}
