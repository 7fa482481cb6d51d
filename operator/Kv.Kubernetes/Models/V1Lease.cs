using System.Text.Json.Serialization;
using Kv.Kubernetes.Json;

namespace Kv.Kubernetes.Models;

[KubernetesEntity(Group = "coordination.k8s.io", ApiVersion = "v1", Kind = "Lease", PluralName = "leases")]
public sealed class V1Lease : CustomKubernetesEntity<V1LeaseSpec>;

public sealed class V1LeaseSpec : ApiModel
{
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTime? AcquireTime { get; set; }

    public string? HolderIdentity { get; set; }
    public int? LeaseDurationSeconds { get; set; }
    public int? LeaseTransitions { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTime? RenewTime { get; set; }

    public string? PreferredHolder { get; set; }
    public string? Strategy { get; set; }
}
