namespace Kv.Kubernetes.Models;

[KubernetesEntity(Group = "autoscaling", ApiVersion = "v1", Kind = "Scale", PluralName = "scales")]
public sealed class V1Scale : CustomKubernetesEntity<V1ScaleSpec, V1ScaleStatus>;

public sealed class V1ScaleSpec : ApiModel
{
    public int? Replicas { get; set; }
}

public sealed class V1ScaleStatus : ApiModel
{
    public int Replicas { get; set; }
    public string? Selector { get; set; }
}
