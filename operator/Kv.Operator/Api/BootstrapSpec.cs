using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

/// <summary>What a cluster begins with, if not with nothing: exactly one source. It counts for the first start of the
/// first member and never again.</summary>
[ValidationRule(
    "has(self.fromSnapshot) != has(self.fromEtcd)",
    "give exactly one source in spec.bootstrap: fromSnapshot or fromEtcd")]
[ValidationRule(
    "has(self.fromSnapshot) == has(oldSelf.fromSnapshot) && " +
    "(!has(self.fromSnapshot) || self.fromSnapshot == oldSelf.fromSnapshot)",
    "spec.bootstrap.fromSnapshot cannot be changed: a cluster begins once")]
public sealed class BootstrapSpec : ApiModel
{
    [Description("A snapshot that the cluster begins with.")]
    public SnapshotSource? FromSnapshot { get; set; }

    [Description("A running etcd cluster that is taken over: our members join it, and in the end its own leave.")]
    public EtcdSource? FromEtcd { get; set; }
}

[ValidationRule(
    "has(self.name) != has(self.location)",
    "give exactly one of spec.bootstrap.fromSnapshot.name and spec.bootstrap.fromSnapshot.location")]
public sealed class SnapshotSource : ApiModel
{
    /// <summary>More than any cluster writes between two snapshots.</summary>
    public const long DefaultBump = 1_000_000_000;

    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("A KvSnapshot in the same namespace.")]
    public string? Name { get; set; }

    [Description("Where a snapshot file is that no KvSnapshot tells of, such as one saved with etcdctl.")]
    public SnapshotLocation? Location { get; set; }

    [Default]
    [RangeMinimum(0)]
    [RangeMaximum(1_000_000_000_000)]
    [Description(
        "By how much the revision is raised, so that clients which saw more than the snapshot holds do not travel " +
        "back in time: all before counts as compacted. 0 leaves it as it is.")]
    public long BumpRevision { get; set; } = DefaultBump;
}

[ValidationRule(
    "has(self.persistentVolumeClaim) != has(self.s3)",
    "give exactly one of location.persistentVolumeClaim and location.s3")]
public sealed class SnapshotLocation : ApiModel
{
    [Description("A file in a volume of the same namespace; it is only read.")]
    public ClaimLocation? PersistentVolumeClaim { get; set; }

    [Description("An object in a store that speaks the protocol of S3.")]
    public S3Location? S3 { get; set; }
}

[ValidationRule(
    "!self.path.matches('(^/|(^|/)[.][.](/|$))')",
    "path is that of a file below the root of the volume: without / at its head or ..")]
public sealed class ClaimLocation : ApiModel
{
    [Required]
    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("The claim, in the namespace of the cluster.")]
    public string ClaimName { get; set; } = "";

    [Required]
    [Length(1, 512)]
    [Description("The snapshot file in the volume.")]
    public string Path { get; set; } = "";
}

public sealed class S3Location : S3Store
{
    [Required]
    [Length(1, 1024)]
    [Description("Key of the snapshot in the bucket.")]
    public string Key { get; set; } = "";
}
