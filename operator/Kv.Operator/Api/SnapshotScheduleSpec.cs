using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

[ValidationRule(
    $"self.schedule.matches('{Patterns.Cron}')",
    "spec.snapshots.schedule has five fields: minute, hour, day of the month, month, day of the week, as '0 3 * * *'")]
public sealed class SnapshotScheduleSpec : ApiModel
{
    [Required]
    [Length(9, 100)]
    [Description("When snapshots are taken, as cron has it: minute, hour, day, month, day of the week.")]
    public string Schedule { get; set; } = "";

    [Pattern("^[A-Za-z][-A-Za-z0-9_+/]*$")]
    [Length(1, 64)]
    [Description("Whose clock counts, as Europe/Berlin; UTC if empty.")]
    public string? TimeZone { get; set; }

    [Description("While true, no snapshot is taken; what was missed meanwhile is made good by one.")]
    public bool? Suspend { get; set; }

    [Description("Whether the first snapshot is taken at once.")]
    public bool? Immediate { get; set; }

    [Description("How long snapshots of the schedule are kept; for ever if empty.")]
    public SnapshotRetention? Retention { get; set; }

    [Pattern(Patterns.Span)]
    [Length(2, 8)]
    [Description("How long one snapshot may take, as 90m, 2h or 1d; 1h if empty.")]
    public string? Deadline { get; set; }

    [Required]
    [Description("Where snapshots are kept.")]
    public SnapshotDestination Destination { get; set; } = new();
}

[ValidationRule(
    "has(self.keepLast) || has(self.keepFor)",
    "give spec.snapshots.retention.keepLast or spec.snapshots.retention.keepFor, or both")]
public sealed class SnapshotRetention : ApiModel
{
    [RangeMinimum(1)]
    [RangeMaximum(1000)]
    [Description("How many good ones are kept at least.")]
    public int? KeepLast { get; set; }

    [Pattern(Patterns.Span)]
    [Length(2, 8)]
    [Description("For how long they are kept at least, as 12h, 30d or 4w.")]
    public string? KeepFor { get; set; }
}

public sealed class KvScheduleStatus : ApiModel
{
    [Description("Since when there is a schedule.")]
    public DateTime? Since { get; set; }

    [Description("For what time the last snapshot was begun.")]
    public DateTime? LastRun { get; set; }

    [Description("The KvSnapshot that is being taken.")]
    public string? Current { get; set; }

    [Description("When the last good snapshot was done.")]
    public DateTime? LastSuccess { get; set; }

    public DateTime? NextRun { get; set; }
}
