using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Api;

public sealed class SchedulingSpec : ApiModel
{
    [Default]
    [Description("Whether members must, should or need not run on different nodes.")]
    public SpreadRule NodeSpread { get; set; } = SpreadRule.Preferred;

    [Default]
    [Description("Whether members must, should or need not be spread evenly over zones.")]
    public SpreadRule ZoneSpread { get; set; } = SpreadRule.Preferred;

    [ItemsMaximum(32)]
    [Description("Labels that nodes must have.")]
    public IDictionary<string, string>? NodeSelector { get; set; }

    [ItemsMaximum(32)]
    [Description("Taints of nodes that members put up with.")]
    public IList<V1Toleration>? Tolerations { get; set; }

    [PreserveUnknownFields]
    [Description("Affinity instead of the one that nodeSpread stands for.")]
    public V1Affinity? Affinity { get; set; }

    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("Priority class of the pods.")]
    public string? PriorityClassName { get; set; }

    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("Service account of the pods; members do not speak to the API, so the default one does.")]
    public string? ServiceAccountName { get; set; }
}

public enum SpreadRule
{
    Preferred,
    Required,
    Off,
}
