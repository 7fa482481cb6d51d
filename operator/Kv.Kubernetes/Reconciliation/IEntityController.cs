using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>Brings the world to what an object says. It is called with a copy of the object as the cache has it, for
/// one key by one worker at a time, and must come to the same end however often it is called.</summary>
public interface IEntityController<TEntity>
    where TEntity : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Something may have changed. An exception is a failure like any other: it is tried again, later each
    /// time, for ever; except for <see cref="TerminalReconcileException"/>.</summary>
    Task<ReconciliationResult<TEntity>> ReconcileAsync(TEntity entity, CancellationToken cancellationToken);

    /// <summary>The object is gone. This is a courtesy: what happens while the operator is down is not told, so nothing
    /// may depend on it; that is what finalizers are for.</summary>
    Task<ReconciliationResult<TEntity>> DeletedAsync(TEntity entity, CancellationToken cancellationToken);
}
