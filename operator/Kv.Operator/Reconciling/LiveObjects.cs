using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Reconciling;

/// <summary>Asks the API each time: what is done to the world is decided on this.</summary>
public sealed class LiveObjects(IKubernetesClient client) : IClusterObjects
{
    private const string DefaultClass = "storageclass.kubernetes.io/is-default-class";

    public Task<V1KvCluster?> FindAsync(string @namespace, string name, CancellationToken stop) =>
        client.GetAsync<V1KvCluster>(name, @namespace, stop);

    public async Task<IReadOnlyList<V1Pod>> PodsOfAsync(string @namespace, string cluster, CancellationToken stop) =>
        [.. await client.ListAsync<V1Pod>(@namespace, SelectorOf(cluster), stop)];

    public async Task<IReadOnlyList<V1PersistentVolumeClaim>> VolumesOfAsync(
        string @namespace, string cluster, CancellationToken stop) =>
        [.. await client.ListAsync<V1PersistentVolumeClaim>(@namespace, SelectorOf(cluster), stop)];

    /// <summary>Not asked here: what is gone is noticed by a watch.</summary>
    public bool IsServiceGone(string @namespace, string name) => false;

    public bool IsBudgetGone(string @namespace, string name) => false;

    public async Task<bool?> CanGrowAsync(string? storageClass, CancellationToken stop)
    {
        try
        {
            V1StorageClass? found = storageClass is null
                ? (await client.ListAsync<V1StorageClass>(cancellationToken: stop))
                    .FirstOrDefault(each => each.GetAnnotation(DefaultClass) == "true")
                : await client.GetAsync<V1StorageClass>(storageClass, cancellationToken: stop);
            return found is null ? null : found.AllowVolumeExpansion == true;
        }
        catch (KubernetesException refused) when (refused.IsForbidden)
        {
            return null;
        }
    }

    private static string SelectorOf(string cluster) => $"{Names.Cluster}={cluster}";
}
