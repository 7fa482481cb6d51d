using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Snapshots;

/// <summary>What a schedule comes to at a moment: a function of what is written down and what is there.</summary>
/// <param name="Status">What is to be written down.</param>
/// <param name="Condition">BackupReady.</param>
/// <param name="Expired">Snapshots to delete.</param>
/// <param name="Recheck">When something may be due.</param>
internal sealed record SchedulePlan(
    KvScheduleStatus Status, V1Condition Condition, IReadOnlyList<V1KvSnapshot> Expired, TimeSpan Recheck)
{
    public const string ConditionType = "BackupReady";

    private static readonly TimeSpan RecheckMax = TimeSpan.FromHours(1);
    private static readonly TimeSpan RecheckMin = TimeSpan.FromSeconds(1);

    /// <param name="cluster">With a schedule in its specification.</param>
    /// <param name="snapshots">Of this very cluster's schedule, all that there are.</param>
    /// <param name="upgrades">All that were taken before its upgrades: a kind of their own, with a newest of their own.
    /// </param>
    public static SchedulePlan Make(
        V1KvCluster cluster,
        IReadOnlyList<V1KvSnapshot> snapshots,
        IReadOnlyList<V1KvSnapshot> upgrades,
        DateTimeOffset now)
    {
        SnapshotScheduleSpec spec = cluster.Spec.Snapshots!;
        KvScheduleStatus before = cluster.Status?.Snapshots ?? new KvScheduleStatus();
        CronSchedule cron;
        try
        {
            cron = CronSchedule.Parse(spec.Schedule, spec.TimeZone);
            CheckSpans(spec);
        }
        catch (FormatException fault)
        {
            // What was taken stays as it is until it is known again what is wanted.
            return new SchedulePlan(
                before, Say(cluster, "False", "InvalidSchedule", fault.Message, now), [], RecheckMax);
        }

        var status = new KvScheduleStatus
        {
            Since = before.Since ?? now.UtcDateTime,
            LastRun = before.LastRun,
            Current = CurrentOf(before, snapshots),
            LastSuccess = Latest(before.LastSuccess, snapshots),
        };
        bool isBusy = status.Current is not null || snapshots.Any(each => !SnapshotReport.IsOver(each));
        if (!isBusy && DueAt(spec, cron, status, now) is { } due)
        {
            status.LastRun = due.UtcDateTime;
            status.Current = NameOf(cluster, due);
        }

        DateTimeOffset? next = spec.Suspend == true ? null : cron.Next(now);
        status.NextRun = next?.UtcDateTime;
        DateTimeOffset? staleAt = StaleAt(cron, status);
        TimeSpan recheck = new[] { next, staleAt }.Where(each => each > now).Min() is { } soonest
            ? soonest - now
            : RecheckMax;
        IEnumerable<V1KvSnapshot> expired =
            Retention.Expired(snapshots, spec.Retention, now).Concat(Retention.Expired(upgrades, spec.Retention, now));
        return new SchedulePlan(
            status,
            ConditionOf(cluster, status, staleAt, now),
            [.. expired.Where(each => each.Name() != cluster.Status?.Recovery?.Snapshot)], // it is being read
            TimeSpan.FromTicks(Math.Clamp(recheck.Ticks, RecheckMin.Ticks, RecheckMax.Ticks)));
    }

    /// <summary>The run under way is over when its snapshot is. One that is not there is still to be made.</summary>
    private static string? CurrentOf(KvScheduleStatus before, IReadOnlyList<V1KvSnapshot> snapshots) =>
        snapshots.FirstOrDefault(each => each.Name() == before.Current) is { } current &&
        (SnapshotReport.IsOver(current) || current.DeletionTimestamp() is not null)
            ? null
            : before.Current;

    /// <summary>The last time that has come since the last run: of several that were missed one is made
    /// good.</summary>
    private static DateTimeOffset? DueAt(
        SnapshotScheduleSpec spec, CronSchedule cron, KvScheduleStatus status, DateTimeOffset now)
    {
        if (spec.Suspend == true)
            return null;
        if (spec.Immediate == true && status.LastRun is null)
            return now;
        return cron.LastWithin(Utc(status.LastRun ?? status.Since!.Value), now);
    }

    private static string NameOf(V1KvCluster cluster, DateTimeOffset due)
    {
        byte[] hash = System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes(cluster.Uid()));
        return $"{cluster.Name()}-{due.UtcDateTime:yyyyMMdd-HHmm}-{Convert.ToHexStringLower(hash.AsSpan(0, 2))}";
    }

    private static DateTime? Latest(DateTime? known, IEnumerable<V1KvSnapshot> snapshots) =>
        snapshots.Where(SnapshotReport.IsGood).Select(each => (DateTime?)Retention.TimeOf(each)).Append(known).Max();

    /// <summary>Twice the interval after the last good one: when the second run after it comes.</summary>
    private static DateTimeOffset? StaleAt(CronSchedule cron, KvScheduleStatus status) =>
        cron.Next(Utc(status.LastSuccess ?? status.Since!.Value)) is { } first ? cron.Next(first) : null;

    private static V1Condition ConditionOf(
        V1KvCluster cluster, KvScheduleStatus status, DateTimeOffset? staleAt, DateTimeOffset now)
    {
        if (cluster.Spec.Snapshots!.Suspend == true)
            return Say(cluster, "Unknown", "Suspended", "The schedule is suspended.", now);
        string last = status.LastSuccess is { } time ? $"The last good snapshot is of {time:u}" : "There is none yet";
        if (staleAt <= now)
            return Say(cluster, "False", "TooOld", $"{last}, and two runs have passed since.", now);
        return status.LastSuccess is null
            ? Say(cluster, "False", "NoneYet", "No snapshot of the schedule is done yet.", now)
            : Say(cluster, "True", "Recent", "The last good snapshot is no older than two runs.", now);
    }

    private static V1Condition Say(
        V1KvCluster cluster, string status, string reason, string message, DateTimeOffset now)
    {
        V1Condition? before = cluster.Status?.Conditions?.FirstOrDefault(each => each.Type == ConditionType);
        return new V1Condition
        {
            Type = ConditionType,
            Status = status,
            Reason = reason,
            Message = message,
            ObservedGeneration = cluster.Generation(),
            LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now.UtcDateTime,
        };
    }

    private static void CheckSpans(SnapshotScheduleSpec spec)
    {
        foreach (string? text in new[] { spec.Deadline, spec.Retention?.KeepFor })
        {
            if (text is not null && SpanText.Parse(text) is null)
                throw new FormatException($"'{text}' is no time span such as 90m, 12h or 30d");
        }
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
