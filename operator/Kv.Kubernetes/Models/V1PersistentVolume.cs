using System.Text.Json.Serialization;
using Kv.Kubernetes.Json;

namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "PersistentVolume", PluralName = "persistentvolumes")]
public sealed class V1PersistentVolume : CustomKubernetesEntity<V1PersistentVolumeSpec, V1PersistentVolumeStatus>;

public sealed class V1PersistentVolumeSpec : ApiModel
{
    public IList<string>? AccessModes { get; set; }
    public IDictionary<string, ResourceQuantity>? Capacity { get; set; }
    public V1ObjectReference? ClaimRef { get; set; }
    public V1HostPathVolumeSource? HostPath { get; set; }
    public V1LocalVolumeSource? Local { get; set; }
    public IList<string>? MountOptions { get; set; }
    public V1VolumeNodeAffinity? NodeAffinity { get; set; }
    public string? PersistentVolumeReclaimPolicy { get; set; }
    public string? StorageClassName { get; set; }
    public string? VolumeMode { get; set; }
}

public sealed class V1LocalVolumeSource : ApiModel
{
    public string Path { get; set; } = "";
    public string? FsType { get; set; }
}

public sealed class V1VolumeNodeAffinity : ApiModel
{
    public V1NodeSelector? Required { get; set; }
}

public sealed class V1PersistentVolumeStatus : ApiModel
{
    public string? Phase { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTime? LastPhaseTransitionTime { get; set; }
}
