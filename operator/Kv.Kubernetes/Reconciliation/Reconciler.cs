using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>One pass over one key: decides which of the user's methods is to be called, and calls it.
/// <code>
/// not in the cache              DeletedAsync, once, if its end was seen
/// being deleted                 the finalizers that are still on it, in the order of their registration
/// otherwise                     put the finalizers on, then ReconcileAsync
/// </code></summary>
internal sealed class Reconciler<TEntity>(
    IKubernetesClient client,
    IIndexedCache<TEntity> cache,
    IEntityController<TEntity> controller,
    IReadOnlyList<(string Name, IEntityFinalizer<TEntity> Finalizer)> finalizers,
    bool attachesFinalizers)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, TEntity> _ended = [];

    /// <summary>Keeps the last state of an object for the pass that finds it gone.</summary>
    public void Observe(EntityChange<TEntity> change)
    {
        lock (_gate)
        {
            if (change.Type == WatchEventType.Deleted)
                _ended[ObjectKey.Of(change.New)] = change.New;
            else
                _ended.Remove(ObjectKey.Of(change.New));
        }
    }

    /// <returns>Null if there was nothing to do.</returns>
    public async Task<ReconciliationResult<TEntity>?> RunAsync(ObjectKey key, CancellationToken cancelled)
    {
        var cached = cache.Get(key);
        if (cached is null)
            return await EndAsync(key, cancelled);

        var entity = KubernetesJson.Clone(cached);
        if (entity.DeletionTimestamp() is not null)
            return await FinalizeAsync(entity, cancelled);
        if (attachesFinalizers)
        {
            entity = await Finalizers.AttachAsync(
                client, entity, [.. finalizers.Select(each => each.Name)], cancelled);
        }

        return await controller.ReconcileAsync(entity, cancelled);
    }

    private async Task<ReconciliationResult<TEntity>?> EndAsync(ObjectKey key, CancellationToken cancelled)
    {
        TEntity? last;
        lock (_gate)
        {
            if (!_ended.Remove(key, out last))
                return null;
        }

        return await controller.DeletedAsync(KubernetesJson.Clone(last), cancelled);
    }

    private async Task<ReconciliationResult<TEntity>?> FinalizeAsync(TEntity entity, CancellationToken cancelled)
    {
        TEntity? current = entity;
        ReconciliationResult<TEntity>? result = null;
        foreach ((string name, var finalizer) in finalizers)
        {
            if (current is null || !current.HasFinalizer(name))
                continue;
            result = await finalizer.FinalizeAsync(current, cancelled);
            if (result.IsFailure || result.RequeueAfter is not null)
                return result;
            current = await Finalizers.DetachAsync(client, current, name, cancelled);
        }

        return result;
    }
}
