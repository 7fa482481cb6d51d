namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "Namespace", PluralName = "namespaces")]
public sealed class V1Namespace : CustomKubernetesEntity<V1NamespaceSpec, V1NamespaceStatus>;

public sealed class V1NamespaceSpec : ApiModel
{
    public IList<string>? Finalizers { get; set; }
}

public sealed class V1NamespaceStatus : ApiModel
{
    public string? Phase { get; set; }
    public IList<V1NamespaceCondition>? Conditions { get; set; }
}

public sealed class V1NamespaceCondition : ApiModel
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTime? LastTransitionTime { get; set; }
}
