using Kv.Kubernetes;
using Kv.Kubernetes.Reconciliation;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Reconciling;
using Microsoft.Extensions.Logging;

namespace Kv.Operator.Hosting;

/// <summary>What the runtime calls: the same pass for a cluster that is to be and one that is to go.</summary>
public sealed class KvClusterController(ClusterReconciler reconciler, ILogger logger)
    : IEntityController<V1KvCluster>, IEntityFinalizer<V1KvCluster>
{
    /// <summary>A cluster that does not agree to a change now may do so in a second; there is no point in
    /// less.</summary>
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromSeconds(1);

    public Task<ReconciliationResult<V1KvCluster>> ReconcileAsync(
        V1KvCluster entity, CancellationToken cancellationToken) =>
        PassAsync(entity, otherwise: null, cancellationToken);

    /// <summary>Always comes back: the finalizer is taken off by the plan, when nothing is left, and by nobody
    /// else.</summary>
    public Task<ReconciliationResult<V1KvCluster>> FinalizeAsync(
        V1KvCluster entity, CancellationToken cancellationToken) => PassAsync(entity, AfterRefusal, cancellationToken);

    public async Task<ReconciliationResult<V1KvCluster>> DeletedAsync(
        V1KvCluster entity, CancellationToken cancellationToken)
    {
        await reconciler.ReconcileAsync(entity.Namespace() ?? "", entity.Name(), cancellationToken);
        return ReconciliationResult<V1KvCluster>.Success(entity);
    }

    private async Task<ReconciliationResult<V1KvCluster>> PassAsync(
        V1KvCluster entity, TimeSpan? otherwise, CancellationToken cancelled)
    {
        try
        {
            TimeSpan? again = await reconciler.ReconcileAsync(entity.Namespace() ?? "", entity.Name(), cancelled);
            return ReconciliationResult<V1KvCluster>.Success(entity, again ?? otherwise);
        }
        catch (MemberCallException refused)
        {
            Log.MemberRefused(logger, $"{entity.Namespace()}/{entity.Name()}", refused.Message);
            return ReconciliationResult<V1KvCluster>.Success(entity, AfterRefusal);
        }
        catch (KubernetesException conflict) when (conflict.IsConflict)
        {
            // Somebody was quicker, or the cache is behind: to look again is all there is to do.
            return ReconciliationResult<V1KvCluster>.Success(entity, TimeSpan.FromMilliseconds(100));
        }
    }
}
