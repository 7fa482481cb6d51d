using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

public sealed class UpgradeSpec : ApiModel
{
    [Default]
    [Description("Whether a snapshot is taken, and found right, before the first member gets another version.")]
    public bool SnapshotBefore { get; set; } = true;

    [Description("Where that snapshot is kept; where those of spec.snapshots are if empty.")]
    public SnapshotDestination? Destination { get; set; }
}

public sealed class KvUpgradeSnapshotStatus : ApiModel
{
    [Description("The KvSnapshot.")]
    public string? Name { get; set; }

    [Description("Image that the members had when it was asked for.")]
    public string? From { get; set; }

    [Description("Attempts, this one included.")]
    public int? Attempt { get; set; }

    [Description("Since when it is asked for.")]
    public DateTime? At { get; set; }

    [Description("Taking, Verified or Skipped.")]
    public string? Step { get; set; }
}
