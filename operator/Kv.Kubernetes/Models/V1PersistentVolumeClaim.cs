namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "PersistentVolumeClaim", PluralName = "persistentvolumeclaims")]
public sealed class V1PersistentVolumeClaim
    : CustomKubernetesEntity<V1PersistentVolumeClaimSpec, V1PersistentVolumeClaimStatus>;

public sealed class V1PersistentVolumeClaimSpec : ApiModel
{
    public IList<string>? AccessModes { get; set; }
    public V1TypedLocalObjectReference? DataSource { get; set; }
    public V1VolumeResourceRequirements? Resources { get; set; }
    public V1LabelSelector? Selector { get; set; }
    public string? StorageClassName { get; set; }
    public string? VolumeAttributesClassName { get; set; }
    public string? VolumeMode { get; set; }
    public string? VolumeName { get; set; }
}

public sealed class V1VolumeResourceRequirements : ApiModel
{
    public IDictionary<string, ResourceQuantity>? Limits { get; set; }
    public IDictionary<string, ResourceQuantity>? Requests { get; set; }
}

public sealed class V1TypedLocalObjectReference : ApiModel
{
    public string? ApiGroup { get; set; }
    public string Kind { get; set; } = "";
    public string Name { get; set; } = "";
}

public sealed class V1PersistentVolumeClaimStatus : ApiModel
{
    public IList<string>? AccessModes { get; set; }
    public IDictionary<string, ResourceQuantity>? AllocatedResources { get; set; }
    public IDictionary<string, string>? AllocatedResourceStatuses { get; set; }
    public IDictionary<string, ResourceQuantity>? Capacity { get; set; }
    public IList<V1PersistentVolumeClaimCondition>? Conditions { get; set; }
    public string? Phase { get; set; }
}

public sealed class V1PersistentVolumeClaimCondition : ApiModel
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTime? LastProbeTime { get; set; }
    public DateTime? LastTransitionTime { get; set; }
}
