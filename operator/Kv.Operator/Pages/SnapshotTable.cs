using Kv.Kubernetes;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Pages;

/// <summary>The snapshots of a cluster: what is under way, then the newest.</summary>
/// <param name="id">Of the part of the cluster.</param>
/// <param name="cluster">Its name, for people.</param>
/// <param name="snapshots">All of this cluster.</param>
internal sealed class SnapshotTable(string id, string cluster, IReadOnlyList<V1KvSnapshot> snapshots)
{
    private const int RowsMax = 5;

    private static readonly string[] Columns =
        ["Snapshot", "Phase", "When", "Revision", "Size", "Verified", "Where or why"];

    public Markup Write()
    {
        if (snapshots.Count == 0)
            return Markup.Empty;
        V1KvSnapshot[] shown =
        [
            .. snapshots.OrderBy(SnapshotReport.IsOver).ThenByDescending(WhenOf)
                .ThenBy(snapshot => snapshot.Name(), StringComparer.Ordinal).Take(RowsMax),
        ];
        int left = snapshots.Count - shown.Length;
        string caption = left == 0
            ? $"Snapshots of {cluster}"
            : $"Snapshots of {cluster}: {shown.Length} of {snapshots.Count}";
        return Tables.Of($"{id}-snapshots", caption, Columns, shown.Select(Row));
    }

    private static Markup[] Row(V1KvSnapshot snapshot)
    {
        KvSnapshotStatus status = snapshot.Status ?? new KvSnapshotStatus();
        string phase = status.Phase ?? SnapshotReport.Pending;
        Markup shownPhase = phase switch
        {
            SnapshotReport.Done => Shown.YesOrNo(true, phase, ""),
            SnapshotReport.Failed => Shown.YesOrNo(false, "", phase),
            _ => Markup.Of($"<strong>{phase}</strong>"),
        };
        return
        [
            Shown.Text(snapshot.Name()),
            shownPhase,
            Shown.Time(WhenOf(snapshot)),
            status.Revision is { } revision ? Markup.Of($"{revision}") : Shown.Nothing,
            status.Size is { } size ? Markup.Of($"{Shown.Bytes(size)}") : Shown.Nothing,
            Shown.YesOrNo(status.Verified, "yes", "no"),
            phase == SnapshotReport.Done ? Shown.Code(status.Location) : Shown.Text(status.Message),
        ];
    }

    private static DateTime? WhenOf(V1KvSnapshot snapshot) =>
        snapshot.Status?.CompletedAt ?? snapshot.Status?.StartedAt ?? snapshot.CreationTimestamp();
}
