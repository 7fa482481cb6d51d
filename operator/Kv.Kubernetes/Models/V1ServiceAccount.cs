namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "ServiceAccount", PluralName = "serviceaccounts")]
public sealed class V1ServiceAccount : CustomKubernetesEntity
{
    public bool? AutomountServiceAccountToken { get; set; }
    public IList<V1LocalObjectReference>? ImagePullSecrets { get; set; }
    public IList<V1ObjectReference>? Secrets { get; set; }
}
