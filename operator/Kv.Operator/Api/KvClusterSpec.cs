using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Api;

[ValidationRule(
    "!(has(self.image) && has(self.version))",
    "give either spec.image or spec.version: an image names its own version")]
[ValidationRule(
    "has(self.tls) == has(oldSelf.tls)",
    "spec.tls cannot be added to or removed from an existing cluster")]
[ValidationRule(
    "has(self.bootstrap) == has(oldSelf.bootstrap)",
    "spec.bootstrap cannot be added to or removed from an existing cluster")]
public sealed class KvClusterSpec : ApiModel
{
    [Default]
    [RangeMinimum(1)]
    [RangeMaximum(9)]
    [Description("Voting members. Odd numbers are best: four members survive no more failures than three.")]
    public int Replicas { get; set; } = 3;

    [Pattern(@"^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?$")]
    [Length(1, 64)]
    [Description("Version of the node; the image is the operator's own for it. Empty for the operator's own version.")]
    public string? Version { get; set; }

    [Pattern(Patterns.NoSpace)]
    [Length(1, 512)]
    [Description("Image of the node, in full, instead of a version.")]
    public string? Image { get; set; }

    [Default]
    [Description("When the image is fetched.")]
    public ImagePullPolicy ImagePullPolicy { get; set; } = ImagePullPolicy.IfNotPresent;

    [ItemsMaximum(8)]
    [Description("Secrets to fetch the image with.")]
    public IList<V1LocalObjectReference>? ImagePullSecrets { get; set; }

    [Default]
    [Description("Volumes of the members.")]
    public StorageSpec Storage { get; set; } = new();

    [Description("What the cluster begins with, if not with nothing.")]
    public BootstrapSpec? Bootstrap { get; set; }

    [Description("Settings of the nodes. Changing one restarts the members, one at a time.")]
    public NodeOptions? Options { get; set; }

    [ItemsMaximum(32)]
    [XListMapKeys("name")]
    [Description("Variables of OpenTelemetry, which make nodes export metrics and traces; a change restarts members.")]
    public IList<EnvVariable>? Env { get; set; }

    [Description("When history is given up.")]
    public CompactionSpec? Compaction { get; set; }

    [Description("When stores are shortened.")]
    public DefragmentationSpec? Defragmentation { get; set; }

    [Description("Encryption and certificates.")]
    public TlsSpec? Tls { get; set; }

    [Description("CPU and memory of a node.")]
    public V1ResourceRequirements? Resources { get; set; }

    [Description("Where members run.")]
    public SchedulingSpec? Scheduling { get; set; }

    [Description("Labels and annotations that pods get besides their own.")]
    public PodMetadataSpec? PodMetadata { get; set; }

    [Description("The Service for clients.")]
    public ClientServiceSpec? ClientService { get; set; }

    [Description("Who may connect to the members.")]
    public NetworkPolicySpec? NetworkPolicy { get; set; }

    [Description("How many members may be moved away at once by whoever drains nodes.")]
    public DisruptionSpec? Disruption { get; set; }

    [Description("Snapshots by a schedule.")]
    public SnapshotScheduleSpec? Snapshots { get; set; }

    [Description("What comes before members get another version.")]
    public UpgradeSpec? Upgrade { get; set; }

    [Description("While true, nothing is changed but the status.")]
    public bool? Paused { get; set; }
}

public enum ImagePullPolicy
{
    IfNotPresent,
    Always,
    Never,
}
