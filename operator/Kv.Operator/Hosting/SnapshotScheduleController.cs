using Kv.Kubernetes;
using Kv.Kubernetes.Reconciliation;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Hosting;

/// <summary>What the runtime calls for the schedules of clusters.</summary>
public sealed class SnapshotScheduleController(ScheduleReconciler reconciler) : IEntityController<V1KvCluster>
{
    /// <summary>The cluster whose schedule says how long a snapshot is kept.</summary>
    public static IEnumerable<ObjectKey> ClusterOf(V1KvSnapshot snapshot) =>
        (snapshot.GetLabel(SnapshotNames.ScheduleLabel) ?? snapshot.GetLabel(SnapshotNames.UpgradeLabel)) is { } cluster
            ? [new ObjectKey(snapshot.Namespace(), cluster)]
            : [];

    public async Task<ReconciliationResult<V1KvCluster>> ReconcileAsync(
        V1KvCluster entity, CancellationToken cancellationToken)
    {
        // Most clusters may have no schedule, and then cost nothing.
        bool hasSchedule = entity.Spec.Snapshots is not null || entity.Status?.Snapshots is not null;
        TimeSpan? again = hasSchedule
            ? await reconciler.ReconcileAsync(entity.Namespace() ?? "", entity.Name(), cancellationToken)
            : null;
        return ReconciliationResult<V1KvCluster>.Success(entity, again);
    }

    public Task<ReconciliationResult<V1KvCluster>> DeletedAsync(
        V1KvCluster entity, CancellationToken cancellationToken) =>
        Task.FromResult(ReconciliationResult<V1KvCluster>.Success(entity));
}
