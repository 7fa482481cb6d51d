using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

public sealed class PodMetadataSpec : ApiModel
{
    [ItemsMaximum(32)]
    [Description("Labels of pods, besides the operator's.")]
    public IDictionary<string, string>? Labels { get; set; }

    [ItemsMaximum(32)]
    [Description("Annotations of pods, besides the operator's.")]
    public IDictionary<string, string>? Annotations { get; set; }
}

public sealed class ClientServiceSpec : ApiModel
{
    [Default]
    [Description("Type of the Service.")]
    public ServiceKind Type { get; set; } = ServiceKind.ClusterIP;

    [ItemsMaximum(32)]
    [Description("Annotations of the Service, as load balancers ask for.")]
    public IDictionary<string, string>? Annotations { get; set; }
}

public enum ServiceKind
{
    ClusterIP,
    NodePort,
    LoadBalancer,
}

public sealed class NetworkPolicySpec : ApiModel
{
    [Default]
    [Description("Whether only members reach the ports of members, and clients only theirs.")]
    public bool Enabled { get; set; }
}

public sealed class DisruptionSpec : ApiModel
{
    [Default]
    [Description("Whether a PodDisruptionBudget keeps a quorum.")]
    public bool Enabled { get; set; } = true;

    [Default]
    [Description("Whether the only member of a cluster of one may be moved away: downtime, but no loss.")]
    public bool AllowSingleMemberEviction { get; set; } = true;
}
