using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Reconciling;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>A cache as informers keep it: it follows the journal of the API, some events behind it, stands still while
/// its watch is cut, and jumps to the present when it lists anew, as after 410.</summary>
public sealed class LaggingObjects(MemoryApi api) : IClusterObjects
{
    private readonly SortedDictionary<string, object> _objects = new(StringComparer.Ordinal);
    private readonly LiveObjects _live = new(api);
    private int _seen;
    private int _arrived;
    private int _underWay;

    /// <summary>How many events it is behind, at most: news of a turn before the last has always arrived.</summary>
    public int Lag { get; set; }

    /// <summary>Whether it hears nothing.</summary>
    public bool IsCut { get; set; }

    /// <summary>How often what was read was not the present.</summary>
    public int StaleReads { get; private set; }

    /// <summary>A turn of the world has passed.</summary>
    public void Tick() => (_arrived, _underWay) = (_underWay, api.Journal.Count);

    /// <summary>Lists anew.</summary>
    public void Relist() => Follow(api.Journal.Count);

    public Task<V1KvCluster?> FindAsync(string @namespace, string name, CancellationToken stop) =>
        Task.FromResult(All<V1KvCluster>().Find(cluster => cluster.Name() == name));

    public Task<IReadOnlyList<V1Pod>> PodsOfAsync(string @namespace, string cluster, CancellationToken stop) =>
        OfAsync<V1Pod>(cluster);

    public Task<IReadOnlyList<V1PersistentVolumeClaim>> VolumesOfAsync(
        string @namespace, string cluster, CancellationToken stop) => OfAsync<V1PersistentVolumeClaim>(cluster);

    public bool IsServiceGone(string @namespace, string name) => !All<V1Service>().Exists(each => each.Name() == name);

    public bool IsBudgetGone(string @namespace, string name) =>
        !All<V1PodDisruptionBudget>().Exists(each => each.Name() == name);

    public Task<bool?> CanGrowAsync(string? storageClass, CancellationToken stop) =>
        _live.CanGrowAsync(storageClass, stop);

    private Task<IReadOnlyList<TEntity>> OfAsync<TEntity>(string cluster)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Task.FromResult<IReadOnlyList<TEntity>>(
            [.. All<TEntity>().Where(entity => entity.GetLabel(Names.Cluster) == cluster)]);

    private List<TEntity> All<TEntity>()
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        if (!IsCut)
            Follow(Math.Max(_arrived, api.Journal.Count - Lag));
        if (_seen < api.Journal.Count)
            StaleReads++;
        return [.. _objects.Values.OfType<TEntity>().Select(KubernetesJson.Clone)];
    }

    private void Follow(int end)
    {
        for (; _seen < end; _seen++)
        {
            (string key, object? entity) = api.Journal[_seen];
            if (entity is null)
                _objects.Remove(key);
            else
                _objects[key] = entity;
        }
    }
}
