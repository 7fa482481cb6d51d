namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "Node", PluralName = "nodes")]
public sealed class V1Node : CustomKubernetesEntity<V1NodeSpec, V1NodeStatus>;

public sealed class V1NodeSpec : ApiModel
{
    public string? PodCIDR { get; set; }
    public string? ProviderID { get; set; }
    public IList<V1Taint>? Taints { get; set; }
    public bool? Unschedulable { get; set; }
}

public sealed class V1Taint : ApiModel
{
    public string Effect { get; set; } = "";
    public string Key { get; set; } = "";
    public string? Value { get; set; }
    public DateTime? TimeAdded { get; set; }
}

public sealed class V1NodeStatus : ApiModel
{
    public IList<V1NodeAddress>? Addresses { get; set; }
    public IDictionary<string, ResourceQuantity>? Allocatable { get; set; }
    public IDictionary<string, ResourceQuantity>? Capacity { get; set; }
    public IList<V1NodeCondition>? Conditions { get; set; }
    public string? Phase { get; set; }
}

public sealed class V1NodeAddress : ApiModel
{
    public string Address { get; set; } = "";
    public string Type { get; set; } = "";
}

public sealed class V1NodeCondition : ApiModel
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTime? LastHeartbeatTime { get; set; }
    public DateTime? LastTransitionTime { get; set; }
}
