using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

[ValidationRule(
    "quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",
    "spec.storage.size can only grow: a volume cannot be made smaller")]
[ValidationRule(
    "has(self.storageClassName) == has(oldSelf.storageClassName) && " +
    "(!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
    "spec.storage.storageClassName cannot be changed: volumes do not move between classes")]
[ValidationRule(
    "!has(self.quota) || quantity(self.quota).compareTo(quantity(self.size)) <= 0",
    "spec.storage.quota cannot be larger than spec.storage.size")]
public sealed class StorageSpec : ApiModel
{
    [Default]
    [Pattern(Patterns.Bytes)]
    [Length(1, 20)]
    [Description("Size of the volume of a member, as 10Gi. It may grow later.")]
    public string Size { get; set; } = "1Gi";

    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("Storage class of the volumes; the default class if empty.")]
    public string? StorageClassName { get; set; }

    [Pattern(Patterns.Bytes)]
    [Length(1, 20)]
    [Description("Size of a store at which writes are refused, as 2Gi. By default 3/4 of the volume, 8Gi at most.")]
    public string? Quota { get; set; }

    [Default]
    [Description("What becomes of volumes that are not needed any more.")]
    public RetentionSpec Retention { get; set; } = new();
}

public sealed class RetentionSpec : ApiModel
{
    [Default]
    [Description("The volume of a member that leaves because fewer are wanted.")]
    public VolumeRetention WhenScaled { get; set; } = VolumeRetention.Delete;

    [Default]
    [Description("The volumes of a cluster that is deleted.")]
    public VolumeRetention WhenDeleted { get; set; } = VolumeRetention.Retain;
}

public enum VolumeRetention
{
    Delete,
    Retain,
}
