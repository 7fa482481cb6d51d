namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "Service", PluralName = "services")]
public sealed class V1Service : CustomKubernetesEntity<V1ServiceSpec, V1ServiceStatus>;

public sealed class V1ServiceSpec : ApiModel
{
    public bool? AllocateLoadBalancerNodePorts { get; set; }
    public string? ClusterIP { get; set; }
    public IList<string>? ClusterIPs { get; set; }
    public IList<string>? ExternalIPs { get; set; }
    public string? ExternalName { get; set; }
    public string? ExternalTrafficPolicy { get; set; }
    public int? HealthCheckNodePort { get; set; }
    public string? InternalTrafficPolicy { get; set; }
    public IList<string>? IpFamilies { get; set; }
    public string? IpFamilyPolicy { get; set; }
    public string? LoadBalancerClass { get; set; }
    public string? LoadBalancerIP { get; set; }
    public IList<string>? LoadBalancerSourceRanges { get; set; }
    public IList<V1ServicePort>? Ports { get; set; }
    public bool? PublishNotReadyAddresses { get; set; }
    public IDictionary<string, string>? Selector { get; set; }
    public string? SessionAffinity { get; set; }
    public string? TrafficDistribution { get; set; }
    public string? Type { get; set; }
}

public sealed class V1ServicePort : ApiModel
{
    public string? AppProtocol { get; set; }
    public string? Name { get; set; }
    public int? NodePort { get; set; }
    public int Port { get; set; }
    public string? Protocol { get; set; }
    public IntOrString? TargetPort { get; set; }
}

public sealed class V1ServiceStatus : ApiModel
{
    public IList<V1Condition>? Conditions { get; set; }
    public V1LoadBalancerStatus? LoadBalancer { get; set; }
}

public sealed class V1LoadBalancerStatus : ApiModel
{
    public IList<V1LoadBalancerIngress>? Ingress { get; set; }
}

public sealed class V1LoadBalancerIngress : ApiModel
{
    public string? Hostname { get; set; }
    public string? Ip { get; set; }
    public string? IpMode { get; set; }
}
