using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>Clears up behind an object before the server lets it go.</summary>
public interface IEntityFinalizer<TEntity>
    where TEntity : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>A success without a time to come back lets the object go. One with a time says that there is more to
    /// do: it is called again then, or when something changes.</summary>
    Task<ReconciliationResult<TEntity>> FinalizeAsync(TEntity entity, CancellationToken cancellationToken);
}
