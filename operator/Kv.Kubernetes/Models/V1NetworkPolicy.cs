namespace Kv.Kubernetes.Models;

[KubernetesEntity(
    Group = "networking.k8s.io",
    ApiVersion = "v1",
    Kind = "NetworkPolicy",
    PluralName = "networkpolicies")]
public sealed class V1NetworkPolicy : CustomKubernetesEntity<V1NetworkPolicySpec>;

public sealed class V1NetworkPolicySpec : ApiModel
{
    public IList<V1NetworkPolicyEgressRule>? Egress { get; set; }
    public IList<V1NetworkPolicyIngressRule>? Ingress { get; set; }
    public V1LabelSelector? PodSelector { get; set; }
    public IList<string>? PolicyTypes { get; set; }
}

public sealed class V1NetworkPolicyIngressRule : ApiModel
{
    public IList<V1NetworkPolicyPeer>? From { get; set; }
    public IList<V1NetworkPolicyPort>? Ports { get; set; }
}

public sealed class V1NetworkPolicyEgressRule : ApiModel
{
    public IList<V1NetworkPolicyPeer>? To { get; set; }
    public IList<V1NetworkPolicyPort>? Ports { get; set; }
}

public sealed class V1NetworkPolicyPeer : ApiModel
{
    public V1IPBlock? IpBlock { get; set; }
    public V1LabelSelector? NamespaceSelector { get; set; }
    public V1LabelSelector? PodSelector { get; set; }
}

public sealed class V1NetworkPolicyPort : ApiModel
{
    public int? EndPort { get; set; }
    public IntOrString? Port { get; set; }
    public string? Protocol { get; set; }
}

public sealed class V1IPBlock : ApiModel
{
    public string Cidr { get; set; } = "";
    public IList<string>? Except { get; set; }
}
