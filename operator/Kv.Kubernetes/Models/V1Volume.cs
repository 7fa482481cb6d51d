namespace Kv.Kubernetes.Models;

public sealed class V1Volume : ApiModel
{
    public string Name { get; set; } = "";
    public V1ConfigMapVolumeSource? ConfigMap { get; set; }
    public V1CSIVolumeSource? Csi { get; set; }
    public V1DownwardAPIVolumeSource? DownwardAPI { get; set; }
    public V1EmptyDirVolumeSource? EmptyDir { get; set; }
    public V1EphemeralVolumeSource? Ephemeral { get; set; }
    public V1HostPathVolumeSource? HostPath { get; set; }
    public V1PersistentVolumeClaimVolumeSource? PersistentVolumeClaim { get; set; }
    public V1ProjectedVolumeSource? Projected { get; set; }
    public V1SecretVolumeSource? Secret { get; set; }
}

public sealed class V1ConfigMapVolumeSource : ApiModel
{
    public string? Name { get; set; }
    public int? DefaultMode { get; set; }
    public IList<V1KeyToPath>? Items { get; set; }
    public bool? Optional { get; set; }
}

public sealed class V1SecretVolumeSource : ApiModel
{
    public string? SecretName { get; set; }
    public int? DefaultMode { get; set; }
    public IList<V1KeyToPath>? Items { get; set; }
    public bool? Optional { get; set; }
}

public sealed class V1KeyToPath : ApiModel
{
    public string Key { get; set; } = "";
    public string Path { get; set; } = "";
    public int? Mode { get; set; }
}

public sealed class V1CSIVolumeSource : ApiModel
{
    public string Driver { get; set; } = "";
    public string? FsType { get; set; }
    public bool? ReadOnly { get; set; }
    public IDictionary<string, string>? VolumeAttributes { get; set; }
    public V1LocalObjectReference? NodePublishSecretRef { get; set; }
}

public sealed class V1DownwardAPIVolumeSource : ApiModel
{
    public int? DefaultMode { get; set; }
    public IList<V1DownwardAPIVolumeFile>? Items { get; set; }
}

public sealed class V1DownwardAPIVolumeFile : ApiModel
{
    public string Path { get; set; } = "";
    public V1ObjectFieldSelector? FieldRef { get; set; }
    public V1ResourceFieldSelector? ResourceFieldRef { get; set; }
    public int? Mode { get; set; }
}

public sealed class V1EmptyDirVolumeSource : ApiModel
{
    public string? Medium { get; set; }
    public ResourceQuantity? SizeLimit { get; set; }
}

public sealed class V1EphemeralVolumeSource : ApiModel
{
    public V1PersistentVolumeClaimTemplate? VolumeClaimTemplate { get; set; }
}

public sealed class V1PersistentVolumeClaimTemplate : ApiModel
{
    public V1ObjectMeta? Metadata { get; set; }
    public V1PersistentVolumeClaimSpec? Spec { get; set; }
}

public sealed class V1HostPathVolumeSource : ApiModel
{
    public string Path { get; set; } = "";
    public string? Type { get; set; }
}

public sealed class V1PersistentVolumeClaimVolumeSource : ApiModel
{
    public string ClaimName { get; set; } = "";
    public bool? ReadOnly { get; set; }
}

public sealed class V1ProjectedVolumeSource : ApiModel
{
    public int? DefaultMode { get; set; }
    public IList<V1VolumeProjection>? Sources { get; set; }
}

public sealed class V1VolumeProjection : ApiModel
{
    public V1ConfigMapProjection? ConfigMap { get; set; }
    public V1DownwardAPIProjection? DownwardAPI { get; set; }
    public V1SecretProjection? Secret { get; set; }
    public V1ServiceAccountTokenProjection? ServiceAccountToken { get; set; }
}

public sealed class V1ConfigMapProjection : ApiModel
{
    public string? Name { get; set; }
    public IList<V1KeyToPath>? Items { get; set; }
    public bool? Optional { get; set; }
}

public sealed class V1SecretProjection : ApiModel
{
    public string? Name { get; set; }
    public IList<V1KeyToPath>? Items { get; set; }
    public bool? Optional { get; set; }
}

public sealed class V1DownwardAPIProjection : ApiModel
{
    public IList<V1DownwardAPIVolumeFile>? Items { get; set; }
}

public sealed class V1ServiceAccountTokenProjection : ApiModel
{
    public string? Audience { get; set; }
    public long? ExpirationSeconds { get; set; }
    public string Path { get; set; } = "";
}
