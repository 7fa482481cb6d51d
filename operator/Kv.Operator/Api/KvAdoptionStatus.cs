using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

public sealed class KvAdoptionStatus : ApiModel
{
    [Description("Joining, AwaitingFinalize, Finalizing or Adopted.")]
    public string? Phase { get; set; }

    [ItemsMaximum(32)]
    [XListMapKeys("id")]
    [Description("Members that are not ours.")]
    public IList<KvForeignMemberStatus>? ForeignMembers { get; set; }

    [Description("When nothing was left in the cluster that is not ours; its endpoints are not asked since.")]
    public DateTime? AdoptedAt { get; set; }
}

/// <summary>A member that was there before ours.</summary>
public sealed class KvForeignMemberStatus : ApiModel
{
    [Description("Id, in hexadecimal.")]
    public string Id { get; set; } = "";

    public string? Name { get; set; }

    public string? PeerUrl { get; set; }

    [Description("Leader, Voter or Learner.")]
    public string? Role { get; set; }

    public bool? Healthy { get; set; }

    public string? Version { get; set; }
}
