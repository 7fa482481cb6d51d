namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "ConfigMap", PluralName = "configmaps")]
public sealed class V1ConfigMap : CustomKubernetesEntity
{
    public IDictionary<string, string>? Data { get; set; }
    public IDictionary<string, byte[]>? BinaryData { get; set; }
    public bool? Immutable { get; set; }
}
