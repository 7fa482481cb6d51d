using Kv.Kubernetes;
using Kv.Operator.Api;

namespace Kv.Operator.Snapshots;

/// <summary>Which snapshots of a schedule are kept no longer. A good one goes when none of the rules wants it any more;
/// the newest good one stays whatever they say, and so does all that is not over. Of those that failed, which hold
/// nothing, the last few stay to be looked at.</summary>
public static class Retention
{
    private const int FailedMax = 3;

    public static IReadOnlyList<V1KvSnapshot> Expired(
        IEnumerable<V1KvSnapshot> snapshots, SnapshotRetention? retention, DateTimeOffset now)
    {
        V1KvSnapshot[] over =
        [
            .. snapshots.Where(each => SnapshotReport.IsOver(each) && each.DeletionTimestamp() is null)
                .OrderByDescending(TimeOf).ThenByDescending(each => each.Name(), StringComparer.Ordinal),
        ];
        IEnumerable<V1KvSnapshot> failed = over.Where(each => !SnapshotReport.IsGood(each)).Skip(FailedMax);
        if (retention is null or { KeepLast: null, KeepFor: null })
            return [.. failed];

        DateTime? oldest = SpanText.Parse(retention.KeepFor) is { } span ? (now - span).UtcDateTime : null;
        IEnumerable<V1KvSnapshot> good = over.Where(SnapshotReport.IsGood)
            .Skip(Math.Max(1, retention.KeepLast ?? 1))
            .Where(each => oldest is null || TimeOf(each) < oldest);
        return [.. failed, .. good];
    }

    /// <summary>When a snapshot was over.</summary>
    public static DateTime TimeOf(V1KvSnapshot snapshot) =>
        snapshot.Status?.CompletedAt ?? snapshot.CreationTimestamp() ?? DateTime.UnixEpoch;
}
