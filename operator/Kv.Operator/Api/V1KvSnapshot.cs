using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Api;

[KubernetesEntity(Group = Names.Group, ApiVersion = "v1", Kind = "KvSnapshot", PluralName = "kvsnapshots")]
[KubernetesEntityShortNames("kvs")]
[GenericAdditionalPrinterColumn(".spec.cluster", "Cluster", "string")]
[GenericAdditionalPrinterColumn(".status.phase", "Phase", "string")]
[GenericAdditionalPrinterColumn(".status.revision", "Revision", "integer")]
[GenericAdditionalPrinterColumn(".status.size", "Size", "integer")]
[GenericAdditionalPrinterColumn(".status.verified", "Verified", "boolean")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[Description("One snapshot of a KvCluster.")]
public sealed class V1KvSnapshot : CustomKubernetesEntity<KvSnapshotSpec, KvSnapshotStatus>;

[ValidationRule(
    "self.cluster == oldSelf.cluster && self.destination == oldSelf.destination",
    "spec.cluster and spec.destination of a KvSnapshot cannot be changed: make another one")]
public sealed class KvSnapshotSpec : ApiModel
{
    [Required]
    [Pattern(Patterns.ClusterName)]
    [Length(1, 40)]
    [Description("The KvCluster in the same namespace.")]
    public string Cluster { get; set; } = "";

    [Required]
    [Description("Where the snapshot is kept.")]
    public SnapshotDestination Destination { get; set; } = new();

    [Default]
    [Description("What becomes of the snapshot where it is kept when this object is deleted.")]
    public SnapshotDeletion DeletionPolicy { get; set; } = SnapshotDeletion.Retain;

    [Pattern(Patterns.Span)]
    [Length(2, 8)]
    [Description("How long it may take, as 90m, 2h or 1d; 1h if empty.")]
    public string? Deadline { get; set; }
}

public enum SnapshotDeletion
{
    Retain,
    Delete,
}

[ValidationRule(
    "has(self.persistentVolumeClaim) != has(self.s3)",
    "give exactly one of spec.destination.persistentVolumeClaim and spec.destination.s3")]
public sealed class SnapshotDestination : ApiModel
{
    [Description("A folder in the volume of a claim.")]
    public ClaimDestination? PersistentVolumeClaim { get; set; }

    [Description("A bucket of a service that speaks S3.")]
    public S3Destination? S3 { get; set; }
}

[ValidationRule(
    "!has(self.path) || !self.path.matches('(^/|(^|/)[.][.](/|$))')",
    "spec.destination.persistentVolumeClaim.path is a folder below that of the volume: without / at its head or ..")]
public sealed class ClaimDestination : ApiModel
{
    [Required]
    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("The claim, in the namespace of the KvSnapshot.")]
    public string ClaimName { get; set; } = "";

    [Length(0, 512)]
    [Description("Folder in the volume.")]
    public string? Path { get; set; }
}

public sealed class S3Destination : S3Store
{
    [Length(0, 512)]
    [Description("What keys begin with.")]
    public string? Prefix { get; set; }
}

public sealed class KvSnapshotStatus : ApiModel
{
    [Description("Pending, Running, Verifying, Done or Failed.")]
    public string? Phase { get; set; }

    public string? Message { get; set; }

    public long? Revision { get; set; }

    [Description("Bytes.")]
    public long? Size { get; set; }

    public string? Sha256 { get; set; }

    [Description("Where it is: a URL, or a path in the volume of the claim.")]
    public string? Location { get; set; }

    [Description("Whether its checksum, its pages and its hash at its revision were found right.")]
    public bool? Verified { get; set; }

    public DateTime? StartedAt { get; set; }

    public DateTime? CompletedAt { get; set; }

    [ItemsMaximum(16)]
    [XListMapKeys("type")]
    public IList<V1Condition>? Conditions { get; set; }
}
