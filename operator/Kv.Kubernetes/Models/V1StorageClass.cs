namespace Kv.Kubernetes.Models;

[KubernetesEntity(Group = "storage.k8s.io", ApiVersion = "v1", Kind = "StorageClass", PluralName = "storageclasses")]
public sealed class V1StorageClass : CustomKubernetesEntity
{
    public string Provisioner { get; set; } = "";
    public IDictionary<string, string>? Parameters { get; set; }
    public string? ReclaimPolicy { get; set; }
    public IList<string>? MountOptions { get; set; }
    public bool? AllowVolumeExpansion { get; set; }
    public string? VolumeBindingMode { get; set; }
}
