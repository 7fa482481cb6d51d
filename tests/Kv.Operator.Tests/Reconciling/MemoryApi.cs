using System.Net;
using System.Text.Json.Nodes;
using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Tests.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>As much of an API server as the reconciler talks to: resource versions and their conflicts, preconditions,
/// status as a subresource, finalizers, apply as a merge, dry runs. Pods and claims that are deleted stay until the
/// kubelet lets them go.</summary>
public sealed class MemoryApi(Fate fate, TimeProvider clock) : IKubernetesClient
{
    private SortedDictionary<string, object> _objects = new(StringComparer.Ordinal);
    private List<(string Key, object? Object)> _journal = [];
    private long _version;
    private int _uid;

    /// <summary>All changes in their order; an object that is null has been removed.</summary>
    public IReadOnlyList<(string Key, object? Object)> Journal => _journal;

    /// <summary>What is not allowed to be created, and why.</summary>
    public Func<object, string?> Forbids { get; set; } = _ => null;

    /// <summary>A kind whose definition is not installed.</summary>
    public Type? Unknown { get; set; }

    /// <summary>The same objects, for another operator to work on.</summary>
    public MemoryApi Copy(Fate itsFate, TimeProvider itsClock) => new(itsFate, itsClock)
    {
        _objects = new SortedDictionary<string, object>(_objects, StringComparer.Ordinal),
        _journal = [.. _journal],
        _version = _version,
        _uid = _uid,
    };

    public Uri BaseUri { get; } = new("http://memory");

    public string GetCurrentNamespace() => "default";

    /// <summary>Everything of a kind, as it is; to be looked at only.</summary>
    public IReadOnlyList<TEntity> All<TEntity>()
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => [.. _objects.Values.OfType<TEntity>()];

    /// <summary>Changes an object as somebody else than the operator.</summary>
    public void Change<TEntity>(string name, Action<TEntity> change)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        TEntity entity = KubernetesJson.Clone((TEntity)_objects[Key<TEntity>("default", name)]);
        string before = KubernetesJson.Serialize(entity);
        change(entity);
        if (KubernetesJson.Serialize(entity) != before)
            Store(entity);
    }

    public void Add<TEntity>(TEntity entity)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        entity.Metadata.Uid ??= $"uid-{++_uid}";
        entity.Metadata.CreationTimestamp = clock.GetUtcNow().UtcDateTime;
        entity.Metadata.Generation = 1;
        Store(entity);
    }

    public void Remove<TEntity>(string name)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string key = Key<TEntity>("default", name);
        if (_objects.Remove(key))
            _journal.Add((key, null));
    }

    /// <summary>Deletes as somebody else.</summary>
    public void MarkDeleted<TEntity>(string name)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Change<TEntity>(name, entity => entity.Metadata.DeletionTimestamp ??= clock.GetUtcNow().UtcDateTime);

    public Task<TEntity?> GetAsync<TEntity>(string name, string? @namespace, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Answer(() => fate.Read(Call<TEntity>("get"), () => Find<TEntity>(@namespace, name)));

    public Task<KubernetesList<TEntity>> ListPageAsync<TEntity>(
        ListOptions options, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => Answer(() => fate.Read(Call<TEntity>("list"), () =>
    {
        var list = new KubernetesList<TEntity>();
        foreach (TEntity entity in All<TEntity>())
        {
            bool isChosen = options.LabelSelector is not { } selector || selector.Split(',').All(each =>
                entity.GetLabel(each.Split('=')[0]) == each.Split('=')[1]);
            if (isChosen)
                list.Items.Add(KubernetesJson.Clone(entity));
        }

        return list;
    }));

    public Task<TEntity> CreateAsync<TEntity>(TEntity entity, WriteOptions options, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => Answer(() =>
    {
        if (options.DryRun)
            return entity;
        return fate.Write(Call<TEntity>("create", after: entity), () =>
        {
            if (Find<TEntity>(entity.Namespace(), entity.Name()) is not null)
                throw Refusal(HttpStatusCode.Conflict, StatusReason.AlreadyExists, $"{entity.Name()} already exists");
            if (Forbids(entity) is { } why)
                throw Refusal(HttpStatusCode.Forbidden, StatusReason.Forbidden, why);
            Add(entity);
            return entity;
        });
    });

    public Task<TEntity> UpdateAsync<TEntity>(TEntity entity, WriteOptions options, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => Answer(() =>
        fate.Write(
            Call($"update {options.Subresource}".TrimEnd(), Find<TEntity>(entity.Namespace(), entity.Name()), entity),
            () => Update(entity, options)));

    public Task<TEntity> PatchAsync<TEntity>(
        string name, string? @namespace, V1Patch patch, WriteOptions options, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => Answer(() =>
        fate.Write(Call("apply", Find<TEntity>(@namespace, name)), () =>
        {
            if (typeof(TEntity) == Unknown)
            {
                throw Refusal(
                    HttpStatusCode.NotFound, StatusReason.NotFound, "the server could not find the requested resource");
            }

            TEntity? there = Find<TEntity>(@namespace, name);
            JsonObject merged = there is null ? [] : KubernetesJson.SerializeToNode(there).AsObject();
            Merge(merged, patch.Content.AsObject());
            TEntity entity = Read<TEntity>(merged);
            if (there is null)
                Add(entity);
            else
                Store(entity);
            return entity;
        }));

    public Task<bool> DeleteAsync<TEntity>(
        string name, string? @namespace, V1DeleteOptions options, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => Answer(() =>
        fate.Write(Call("delete", Find<TEntity>(@namespace, name)), () =>
        {
            if (Find<TEntity>(@namespace, name) is not { } there)
                return false;
            V1Preconditions? conditions = options.Preconditions;
            bool isAnother = (conditions?.Uid is { } uid && uid != there.Uid()) ||
                (conditions?.ResourceVersion is { } version && version != there.ResourceVersion());
            if (isAnother)
                throw Refusal(HttpStatusCode.Conflict, StatusReason.Conflict, "Precondition failed");
            if (there is V1Pod or V1PersistentVolumeClaim || there.Metadata.Finalizers is { Count: > 0 })
                MarkDeleted<TEntity>(name);
            else
                Remove<TEntity>(name);
            return true;
        }));

    public Task<bool> IsServedAsync<TEntity>(CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => Task.FromResult(true);

    public IAsyncEnumerable<(WatchEventType Type, TEntity Entity)> WatchAsync<TEntity>(
        WatchOptions options, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<V1Scale> GetScaleAsync<TEntity>(string name, string? @namespace, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<V1Scale> UpdateScaleAsync<TEntity>(V1Scale scale, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<Stream> ReadLogAsync(
        string pod, string @namespace, PodLogOptions options, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task EvictAsync(V1Eviction eviction, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public void Dispose()
    {
    }

    private TEntity Update<TEntity>(TEntity entity, WriteOptions options)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        TEntity there = Find<TEntity>(entity.Namespace(), entity.Name())
            ?? throw Refusal(HttpStatusCode.NotFound, StatusReason.NotFound, $"{entity.Name()} not found");
        if (entity.ResourceVersion() is { } version && version != there.ResourceVersion())
            throw Refusal(HttpStatusCode.Conflict, StatusReason.Conflict, "the object has been modified");

        JsonObject before = KubernetesJson.SerializeToNode(there).AsObject();
        JsonObject after = KubernetesJson.SerializeToNode(entity).AsObject();
        JsonObject from = options.Subresource == "status" ? before : after;
        JsonObject status = options.Subresource == "status" ? after : before;
        JsonObject stored = from.DeepClone().AsObject();
        if (status["status"] is { } part)
            stored["status"] = part.DeepClone();
        TEntity changed = Read<TEntity>(stored);
        bool isEnded = changed.DeletionTimestamp() is not null && changed.Metadata.Finalizers is not { Count: > 0 };
        if (isEnded && changed is not (V1Pod or V1PersistentVolumeClaim))
            Remove<TEntity>(entity.Name());
        else
            Store(changed);
        return changed;
    }

    private void Store<TEntity>(TEntity entity)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string key = Key<TEntity>(entity.Namespace(), entity.Name());
        entity.Metadata.ResourceVersion = $"{++_version}";
        if (entity is V1KvCluster cluster && _objects.TryGetValue(key, out object? before))
        {
            var old = (V1KvCluster)before;
            bool isSame = KubernetesJson.Serialize(old.Spec) == KubernetesJson.Serialize(cluster.Spec);
            cluster.Metadata.Generation = old.Generation() + (isSame ? 0 : 1);
        }

        _objects[key] = KubernetesJson.Clone(entity);
        _journal.Add((key, _objects[key]));
    }

    private TEntity? Find<TEntity>(string? @namespace, string name)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        _objects.TryGetValue(Key<TEntity>(@namespace, name), out object? there)
            ? KubernetesJson.Clone((TEntity)there)
            : null;

    private static TEntity Read<TEntity>(JsonObject json) => KubernetesJson.Deserialize<TEntity>(json.ToJsonString());

    private static string Prefix<TEntity>() => typeof(TEntity).Name + "/";

    private static string Key<TEntity>(string? @namespace, string name) => $"{Prefix<TEntity>()}{@namespace}/{name}";

    private static void Merge(JsonObject into, JsonObject from)
    {
        foreach ((string key, JsonNode? value) in from)
        {
            if (value is JsonObject deeper && into[key] is JsonObject there)
                Merge(there, deeper);
            else
                into[key] = value?.DeepClone();
        }
    }

    private static KubernetesException Refusal(HttpStatusCode code, string reason, string message) =>
        new(new V1Status { Code = (int)code, Reason = reason, Message = message }, "memory");

    private static Call Call<TEntity>(string verb, TEntity? before = null, TEntity? after = null)
        where TEntity : class => new($"{verb} {typeof(TEntity).Name}", before, after);

    private static Task<T> Answer<T>(Func<T> answer)
    {
        try
        {
            return Task.FromResult(answer());
        }
        catch (Exception refused) when (refused is not PlanBrokenException)
        {
            return Task.FromException<T>(refused);
        }
    }
}
