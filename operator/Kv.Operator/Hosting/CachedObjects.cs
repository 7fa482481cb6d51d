using System.Collections.Concurrent;
using Kv.Kubernetes;
using Kv.Kubernetes.Hosting;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Reconciling;

namespace Kv.Operator.Hosting;

/// <summary>Reads what informers have: no request to the API, and perhaps a moment behind it.</summary>
public sealed class CachedObjects : IClusterObjects
{
    private const string ByCluster = "cluster";

    /// <summary>A class that does not let volumes grow is asked about at each look.</summary>
    private static readonly TimeSpan ClassesKeptFor = TimeSpan.FromMinutes(1);

    private readonly Informer<V1KvCluster> _clusters;
    private readonly IIndexedCache<V1Pod> _pods;
    private readonly IIndexedCache<V1PersistentVolumeClaim> _volumes;
    private readonly Informer<V1Service> _services;
    private readonly Informer<V1PodDisruptionBudget> _budgets;
    private readonly IClusterObjects _live;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, (bool? CanGrow, long At)> _classes = new();

    /// <param name="runtime">Whose informers to read, and to be started with.</param>
    /// <param name="namespaces">Namespaces that are looked at; empty for all.</param>
    /// <param name="live">For what is asked too seldom to be kept.</param>
    /// <param name="clock">For how long it is kept nevertheless.</param>
    public CachedObjects(
        OperatorRuntime runtime, IReadOnlyList<string> namespaces, IClusterObjects live, TimeProvider clock)
    {
        (_live, _clock) = (live, clock);
        Clusters = new InformerOptions { Namespaces = namespaces };
        Parts = Clusters with { LabelSelector = Names.Cluster };
        PresentParts = Parts with { MetadataOnly = true };
        Informer<V1Pod> pods = runtime.GetInformer<V1Pod>(Parts);
        Informer<V1PersistentVolumeClaim> volumes = runtime.GetInformer<V1PersistentVolumeClaim>(Parts);
        pods.AddIndex(ByCluster, pod => KeysOf(pod));
        volumes.AddIndex(ByCluster, claim => KeysOf(claim));
        (_pods, _volumes) = (pods, volumes);
        _clusters = runtime.GetInformer<V1KvCluster>(Clusters);
        _services = runtime.GetInformer<V1Service>(PresentParts);
        _budgets = runtime.GetInformer<V1PodDisruptionBudget>(PresentParts);
    }

    /// <summary>Which clusters are followed.</summary>
    public InformerOptions Clusters { get; }

    /// <summary>Which pods and claims are followed.</summary>
    public InformerOptions Parts { get; }

    /// <summary>Which objects are followed of which it only counts that they are there.</summary>
    public InformerOptions PresentParts { get; }

    /// <summary>The cluster that an object says it is of, by its label: claims have no owner.</summary>
    public static IEnumerable<ObjectKey> ClusterOf<TEntity>(TEntity entity)
        where TEntity : IKubernetesObject<V1ObjectMeta> =>
        entity.GetLabel(Names.Cluster) is { } cluster ? [new ObjectKey(entity.Namespace(), cluster)] : [];

    public Task<V1KvCluster?> FindAsync(string @namespace, string name, CancellationToken stop) =>
        Task.FromResult(
            _clusters.Get(new ObjectKey(@namespace, name)) is { } found ? KubernetesJson.Clone(found) : null);

    public Task<IReadOnlyList<V1Pod>> PodsOfAsync(string @namespace, string cluster, CancellationToken stop) =>
        Task.FromResult(_pods.ByIndex(ByCluster, KeyOf(@namespace, cluster)));

    public Task<IReadOnlyList<V1PersistentVolumeClaim>> VolumesOfAsync(
        string @namespace, string cluster, CancellationToken stop) =>
        Task.FromResult(_volumes.ByIndex(ByCluster, KeyOf(@namespace, cluster)));

    public bool IsServiceGone(string @namespace, string name) => _services.Get(new ObjectKey(@namespace, name)) is null;

    public bool IsBudgetGone(string @namespace, string name) => _budgets.Get(new ObjectKey(@namespace, name)) is null;

    public async Task<bool?> CanGrowAsync(string? storageClass, CancellationToken stop)
    {
        string key = storageClass ?? "";
        bool isKnown = _classes.TryGetValue(key, out (bool? CanGrow, long At) known) &&
            _clock.GetElapsedTime(known.At) < ClassesKeptFor;
        if (isKnown)
            return known.CanGrow;
        bool? canGrow = await _live.CanGrowAsync(storageClass, stop);
        _classes[key] = (canGrow, _clock.GetTimestamp());
        return canGrow;
    }

    private static IEnumerable<string> KeysOf<TEntity>(TEntity entity)
        where TEntity : IKubernetesObject<V1ObjectMeta> =>
        ClusterOf(entity).Select(key => KeyOf(key.Namespace ?? "", key.Name));

    private static string KeyOf(string @namespace, string cluster) => $"{@namespace}/{cluster}";
}
