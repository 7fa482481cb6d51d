using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>Which changes are worth a pass.</summary>
public static class ChangeFilters
{
    /// <summary>What people do to an object: its spec, labels, annotations and deletion. What the operator itself
    /// writes, its status, is not worth another pass over it.</summary>
    public static bool ByIntent<TEntity>(EntityChange<TEntity> change)
        where TEntity : IKubernetesObject<V1ObjectMeta>
    {
        if (change.Type != WatchEventType.Modified || change.IsResync || change.Old is null)
            return true;
        (var old, var now) = (change.Old.Metadata, change.New.Metadata);
        return old.Generation != now.Generation
            || old.DeletionTimestamp != now.DeletionTimestamp
            || !AreEqual(old.Labels, now.Labels)
            || !AreEqual(old.Annotations, now.Annotations);
    }

    /// <summary>Everything.</summary>
    public static bool Any<TEntity>(EntityChange<TEntity> change)
        where TEntity : IKubernetesObject<V1ObjectMeta> => change is not null;

    private static bool AreEqual(IDictionary<string, string>? left, IDictionary<string, string>? right)
    {
        if (left is null || right is null)
            return (left?.Count ?? 0) == (right?.Count ?? 0);
        return left.Count == right.Count
            && left.All(each => right.TryGetValue(each.Key, out string? value) && value == each.Value);
    }
}
