using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Reconciling;

/// <summary>Where the objects of clusters are read from: a cache, which may be a moment behind, or the API itself.
/// </summary>
public interface IClusterObjects
{
    Task<V1KvCluster?> FindAsync(string @namespace, string name, CancellationToken stop);

    Task<IReadOnlyList<V1Pod>> PodsOfAsync(string @namespace, string cluster, CancellationToken stop);

    Task<IReadOnlyList<V1PersistentVolumeClaim>> VolumesOfAsync(
        string @namespace, string cluster, CancellationToken stop);

    /// <summary>Whether there is no Service of this name that has our labels; false if that is not known.</summary>
    bool IsServiceGone(string @namespace, string name);

    /// <summary>Whether there is no budget of this name that has our labels; false if that is not known.</summary>
    bool IsBudgetGone(string @namespace, string name);

    /// <summary>Whether volumes of a storage class may grow; null if there is no such class, or none may be read.
    /// </summary>
    Task<bool?> CanGrowAsync(string? storageClass, CancellationToken stop);
}
