using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

[ValidationRule(
    "has(self.keepMinutes) != has(self.keepRevisions)",
    "give either spec.compaction.keepMinutes or spec.compaction.keepRevisions")]
public sealed class CompactionSpec : ApiModel
{
    [RangeMinimum(1)]
    [RangeMaximum(5256000)]
    [Description("Minutes of history that are kept.")]
    public int? KeepMinutes { get; set; }

    [RangeMinimum(1)]
    [RangeMaximum(1000000000)]
    [Description("Revisions that are kept.")]
    public int? KeepRevisions { get; set; }
}

public sealed class DefragmentationSpec : ApiModel
{
    [Default]
    [Description("Whether stores are shortened when they hold much that is free.")]
    public bool Enabled { get; set; } = true;

    [Default]
    [Pattern(Patterns.Bytes)]
    [Length(1, 20)]
    [Description("Free bytes in a store from which on it is shortened, as 512Mi.")]
    public string Threshold { get; set; } = "512Mi";
}
