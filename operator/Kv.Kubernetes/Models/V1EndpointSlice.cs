namespace Kv.Kubernetes.Models;

[KubernetesEntity(
    Group = "discovery.k8s.io",
    ApiVersion = "v1",
    Kind = "EndpointSlice",
    PluralName = "endpointslices")]
public sealed class V1EndpointSlice : CustomKubernetesEntity
{
    public string AddressType { get; set; } = "";
    public IList<V1Endpoint>? Endpoints { get; set; }
    public IList<V1EndpointPort>? Ports { get; set; }
}

public sealed class V1Endpoint : ApiModel
{
    public IList<string>? Addresses { get; set; }
    public V1EndpointConditions? Conditions { get; set; }
    public string? Hostname { get; set; }
    public string? NodeName { get; set; }
    public V1ObjectReference? TargetRef { get; set; }
    public string? Zone { get; set; }
}

public sealed class V1EndpointConditions : ApiModel
{
    public bool? Ready { get; set; }
    public bool? Serving { get; set; }
    public bool? Terminating { get; set; }
}

public sealed class V1EndpointPort : ApiModel
{
    public string? AppProtocol { get; set; }
    public string? Name { get; set; }
    public int? Port { get; set; }
    public string? Protocol { get; set; }
}
