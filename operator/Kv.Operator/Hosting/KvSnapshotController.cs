using Kv.Kubernetes;
using Kv.Kubernetes.Reconciliation;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Hosting;

/// <summary>What the runtime calls for snapshots.</summary>
public sealed class KvSnapshotController(SnapshotReconciler reconciler)
    : IEntityController<V1KvSnapshot>, IEntityFinalizer<V1KvSnapshot>
{
    public async Task<ReconciliationResult<V1KvSnapshot>> ReconcileAsync(
        V1KvSnapshot entity, CancellationToken cancellationToken)
    {
        // Most snapshots are over, and are not worth a request each time that the cache is filled anew.
        bool isAtRest = SnapshotReport.IsOver(entity) &&
            entity.HasFinalizer(SnapshotNames.Finalizer) == (entity.Spec.DeletionPolicy == SnapshotDeletion.Delete);
        TimeSpan? again = isAtRest
            ? null
            : await reconciler.ReconcileAsync(entity.Namespace() ?? "", entity.Name(), cancellationToken);
        return ReconciliationResult<V1KvSnapshot>.Success(entity, again);
    }

    /// <summary>Always comes back: the finalizer is taken off by the reconciler and by nobody else.</summary>
    public async Task<ReconciliationResult<V1KvSnapshot>> FinalizeAsync(
        V1KvSnapshot entity, CancellationToken cancellationToken)
    {
        TimeSpan? again = await reconciler.ReconcileAsync(entity.Namespace() ?? "", entity.Name(), cancellationToken);
        return ReconciliationResult<V1KvSnapshot>.Success(entity, again ?? TimeSpan.FromSeconds(1));
    }

    public Task<ReconciliationResult<V1KvSnapshot>> DeletedAsync(
        V1KvSnapshot entity, CancellationToken cancellationToken) =>
        Task.FromResult(ReconciliationResult<V1KvSnapshot>.Success(entity));
}
