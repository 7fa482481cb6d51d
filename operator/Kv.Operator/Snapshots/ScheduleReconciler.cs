using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Snapshots;

/// <summary>Makes KvSnapshots by the schedule of a cluster, one at a time, and deletes those that are kept no longer.
/// That a run is due is written down before its snapshot is made; the name of that follows from the time it was due,
/// so that it is made once.</summary>
public sealed class ScheduleReconciler(IKubernetesClient client, ISnapshotEvents events, TimeProvider clock)
{
    /// <returns>When to look again though nothing is heard; null for never.</returns>
    /// <exception cref="KubernetesException">The API refused something; to be tried again later.</exception>
    public async Task<TimeSpan?> ReconcileAsync(string @namespace, string name, CancellationToken stop)
    {
        V1KvCluster? cluster = await client.GetAsync<V1KvCluster>(name, @namespace, stop);
        if (cluster is null || cluster.DeletionTimestamp() is not null)
            return null;
        if (cluster.Spec.Snapshots is null)
        {
            await WriteAsync(cluster, status: null, condition: null, stop);
            return null;
        }

        V1KvSnapshot[] snapshots = await FindAsync(cluster, SnapshotNames.ScheduleLabel, stop);
        V1KvSnapshot[] upgrades = await FindAsync(cluster, SnapshotNames.UpgradeLabel, stop);
        var plan = SchedulePlan.Make(cluster, snapshots, upgrades, clock.GetUtcNow());
        await WriteAsync(cluster, plan.Status, plan.Condition, stop);
        bool isToBeMade = plan.Status.Current is { } current && snapshots.All(each => each.Name() != current);
        if (isToBeMade)
            await MakeAsync(cluster, plan.Status, stop);
        foreach (V1KvSnapshot expired in plan.Expired)
        {
            events.Publish(
                cluster, isWarning: false, "SnapshotExpired", $"{expired.Name()} is kept no longer, and is deleted.");
            await client.DeleteAsync(expired, stop);
        }

        return plan.Recheck;
    }

    /// <summary>Those of this very cluster.</summary>
    private async Task<V1KvSnapshot[]> FindAsync(V1KvCluster cluster, string label, CancellationToken stop)
    {
        IList<V1KvSnapshot> found =
            await client.ListAsync<V1KvSnapshot>(cluster.Namespace(), $"{label}={cluster.Name()}", stop);
        return [.. found.Where(each => each.GetAnnotation(Names.ClusterUid) == cluster.Uid())];
    }

    private async Task MakeAsync(V1KvCluster cluster, KvScheduleStatus status, CancellationToken stop)
    {
        SnapshotScheduleSpec spec = cluster.Spec.Snapshots!;
        var snapshot = new V1KvSnapshot
        {
            Metadata = new V1ObjectMeta
            {
                Name = status.Current,
                NamespaceProperty = cluster.Namespace(),
                Labels = new Dictionary<string, string>
                {
                    [SnapshotNames.ScheduleLabel] = cluster.Name(),
                    [Names.ManagedBy] = Names.FieldManager,
                },
                Annotations = new Dictionary<string, string>
                {
                    [Names.ClusterUid] = cluster.Uid(),
                    [SnapshotNames.ScheduledAt] = status.LastRun is { } run ? TimeConverter.ToText(run) : "",
                },
            },
            Spec = new KvSnapshotSpec
            {
                Cluster = cluster.Name(),
                Destination = KubernetesJson.Clone(spec.Destination),
                Deadline = spec.Deadline,
                DeletionPolicy = SnapshotDeletion.Delete,
            },
        };
        try
        {
            await client.CreateAsync(snapshot, new WriteOptions { FieldManager = Names.FieldManager }, stop);
            events.Publish(cluster, isWarning: false, "SnapshotScheduled", $"{snapshot.Name()} is taken.");
        }
        catch (KubernetesException there) when (there.IsAlreadyExists)
        {
            // An earlier pass has made it.
        }
    }

    /// <summary>Writes the schedule's part of the status if it says something new, and leaves the rest.</summary>
    private async Task WriteAsync(
        V1KvCluster cluster, KvScheduleStatus? status, V1Condition? condition, CancellationToken stop)
    {
        V1KvCluster changed = KubernetesJson.Clone(cluster);
        changed.Status ??= new KvClusterStatus();
        changed.Status.Snapshots = status;
        V1Condition[] conditions =
        [
            .. (changed.Status.Conditions ?? []).Where(each => each.Type != SchedulePlan.ConditionType),
            .. condition is null ? [] : new[] { condition },
        ];
        if (conditions.Length > 0 || changed.Status.Conditions is not null)
            changed.Status.Conditions = conditions;
        bool isSame = KubernetesJson.Serialize(changed.Status) ==
            KubernetesJson.Serialize(cluster.Status ?? new KvClusterStatus());
        if (!isSame)
            await client.UpdateStatusAsync(changed, stop);
    }
}
