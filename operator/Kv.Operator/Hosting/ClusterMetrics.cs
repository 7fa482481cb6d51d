using System.Diagnostics.Metrics;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Hosting;

/// <summary>What Prometheus is told of clusters: nothing but what their status says, read when somebody looks, so that
/// an alert and <c>kubectl describe</c> never disagree. Operators that stand by tell the same. Alerts are made of these
/// names, and so they do not change.</summary>
internal sealed class ClusterMetrics
{
    private readonly Func<IReadOnlyList<V1KvCluster>> _clusters;
    private readonly Func<IReadOnlyList<V1KvSnapshot>> _snapshots;

    /// <param name="meter">Where the instruments are made.</param>
    /// <param name="clusters">The clusters that are known at a moment.</param>
    /// <param name="snapshots">The snapshots that are known then.</param>
    public ClusterMetrics(
        Meter meter, Func<IReadOnlyList<V1KvCluster>> clusters, Func<IReadOnlyList<V1KvSnapshot>> snapshots)
    {
        (_clusters, _snapshots) = (clusters, snapshots);
        Observe(meter, "kvcluster_info", "The version that all members run; always 1.", each =>
            [One(each, 1, ("version", each.Status.Version ?? ""))]);
        Observe(meter, "kvcluster_ready", "Whether all is as wanted.", each =>
            [One(each, Is(each, "Ready") ? 1 : 0)]);
        Observe(meter, "kvcluster_condition", "Whether a condition is true, by its type.", each =>
            ConditionsOf(each).Select(condition =>
                One(each, condition.Status == "True" ? 1 : 0, ("type", condition.Type))));
        Observe(meter, "kvcluster_degraded", "1 while something is wrong, by the reason.", each =>
            ConditionsOf(each).Where(condition => condition is { Type: "Degraded", Status: "True" })
                .Select(condition => One(each, 1, ("reason", condition.Reason))));
        Observe(meter, "kvcluster_members_wanted", "Voters that are asked for.", each =>
            [One(each, each.Spec.Replicas)]);
        Observe(meter, "kvcluster_members", "Members that are here to stay or on their way.", each =>
            [One(each, each.Status.Replicas ?? 0)]);
        Observe(meter, "kvcluster_members_healthy", "Members that serve, learners among them.", each =>
            [One(each, MembersOf(each).Count(member => member.Healthy == true))]);
        Observe(meter, "kvcluster_nodes", "Nodes that members run on.", each =>
            [One(each, Distinct(MembersOf(each).Select(member => member.Node)))]);
        Observe(meter, "kvcluster_zones", "Zones that members run in, as far as they are known.", each =>
            [One(each, Distinct(MembersOf(each).Select(member => member.Zone)))]);
        Observe(
            meter, "kvcluster_certificates_expire_timestamp_seconds",
            "When the certificate ends that ends first; not there without certificates.", each =>
                each.Status.CertificatesExpireAt is { } end ? [One(each, Seconds(end))] : []);
        ObserveBackups(meter);
    }

    private void ObserveBackups(Meter meter)
    {
        Observe(
            meter, "kvcluster_backup_missing",
            "1 while the schedule of snapshots has no good one that is recent, by the reason.", each =>
                ConditionsOf(each)
                    .Where(condition => condition is { Type: SchedulePlan.ConditionType, Status: "False" })
                    .Select(condition => One(each, 1, ("reason", condition.Reason))));
        Observe(
            meter, "kvcluster_last_snapshot_timestamp_seconds",
            "When the last good snapshot was done, of a schedule or by hand; not there without one.", each =>
                LastSuccess(each) is { } last ? [One(each, Seconds(last))] : []);
        Observe(
            meter, "kvcluster_snapshots_failed",
            "Snapshots that have failed since the last good one, and are still there.", each =>
            {
                DateTime last = LastSuccess(each) ?? DateTime.MinValue;
                return [One(each, SnapshotsOf(each, SnapshotReport.Failed).Count(failed => failed > last))];
            });
    }

    /// <summary>Of the schedule, which remembers those that are deleted, or of the snapshots that are there.</summary>
    private DateTime? LastSuccess(V1KvCluster cluster) =>
        SnapshotsOf(cluster, SnapshotReport.Done).Append(cluster.Status.Snapshots?.LastSuccess).Max();

    /// <summary>When those were done that have come to this end.</summary>
    private IEnumerable<DateTime?> SnapshotsOf(V1KvCluster cluster, string phase) => _snapshots()
        .Where(snapshot => snapshot.Namespace() == cluster.Namespace() && snapshot.Spec.Cluster == cluster.Name() &&
            snapshot.Status?.Phase == phase)
        .Select(snapshot => (DateTime?)Retention.TimeOf(snapshot));

    private static double Seconds(DateTime time) => (time.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;

    private void Observe(
        Meter meter, string name, string text, Func<V1KvCluster, IEnumerable<Measurement<double>>> read) =>
        meter.CreateObservableGauge(name, () => _clusters().SelectMany(read), description: text);

    private static Measurement<double> One(
        V1KvCluster cluster, double value, params (string Name, string Text)[] labels) =>
        new(
            value,
            [
                KeyValuePair.Create<string, object?>("namespace", cluster.Namespace()),
                KeyValuePair.Create<string, object?>("kvcluster", cluster.Name()),
                .. labels.Select(label => KeyValuePair.Create<string, object?>(label.Name, label.Text)),
            ]);

    private static IEnumerable<V1Condition> ConditionsOf(V1KvCluster cluster) => cluster.Status.Conditions ?? [];

    private static IEnumerable<KvMemberStatus> MembersOf(V1KvCluster cluster) => cluster.Status.Members ?? [];

    private static bool Is(V1KvCluster cluster, string type) =>
        ConditionsOf(cluster).Any(condition => condition.Type == type && condition.Status == "True");

    private static int Distinct(IEnumerable<string?> places) =>
        places.Where(place => !string.IsNullOrEmpty(place)).Distinct(StringComparer.Ordinal).Count();
}
