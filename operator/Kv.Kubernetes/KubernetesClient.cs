using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Kv.Kubernetes.Client;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes;

/// <inheritdoc cref="IKubernetesClient"/>
public sealed class KubernetesClient : IKubernetesClient
{
    private const string PartialObject = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    private const string PartialList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

    /// <summary>When nobody has said how long a watch may be silent: servers end watches by themselves within the
    /// hour.</summary>
    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(65);

    private readonly KubernetesClientConfiguration _config;
    private readonly ApiTransport _transport;
    private readonly TimeProvider _time;

    public KubernetesClient(
        KubernetesClientConfiguration config,
        RuntimeMetrics metrics,
        TimeProvider? time = null,
        Jitter? jitter = null)
    {
        _config = config;
        _time = time ?? TimeProvider.System;
        _transport = new ApiTransport(config, metrics.RestClient, _time, jitter ?? new Jitter(new Random()));
    }

    public Uri BaseUri => _config.Host;

    public string GetCurrentNamespace() => _config.Namespace;

    public async Task<TEntity?> GetAsync<TEntity>(
        string name,
        string? @namespace = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string path = ApiPath.OfObject(EntityKind.Of<TEntity>(), @namespace, name);
        try
        {
            var request = new ApiRequest(HttpMethod.Get, path) { Verb = "get" };
            return await _transport.SendAsync<TEntity>(request, cancellationToken);
        }
        catch (KubernetesException missing) when (missing.IsNotFound)
        {
            return null;
        }
    }

    public Task<KubernetesList<TEntity>> ListPageAsync<TEntity>(
        ListOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string path = ApiPath.OfList(EntityKind.Of<TEntity>(), options.Namespace);
        var request = new ApiRequest(HttpMethod.Get, path)
        {
            Verb = "list",
            Accept = options.MetadataOnly ? PartialList : ApiRequest.Json,
        };
        request.With("labelSelector", options.LabelSelector)
            .With("fieldSelector", options.FieldSelector)
            .With("limit", options.Limit?.ToString(CultureInfo.InvariantCulture))
            .With("continue", options.Continue)
            .With("resourceVersion", options.ResourceVersion);
        return _transport.SendAsync<KubernetesList<TEntity>>(request, cancellationToken);
    }

    public async IAsyncEnumerable<(WatchEventType Type, TEntity Entity)> WatchAsync<TEntity>(
        WatchOptions options,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string path = ApiPath.OfList(EntityKind.Of<TEntity>(), options.Namespace);
        var request = new ApiRequest(HttpMethod.Get, path)
        {
            Verb = "watch",
            IsStream = true,
            Accept = options.MetadataOnly ? PartialObject : ApiRequest.Json,
        };
        double? seconds = options.Timeout?.TotalSeconds;
        request.With("watch", "true")
            .With("resourceVersion", options.ResourceVersion)
            .With("allowWatchBookmarks", options.AllowBookmarks ? "true" : null)
            .With("timeoutSeconds", seconds?.ToString("0", CultureInfo.InvariantCulture))
            .With("labelSelector", options.LabelSelector)
            .With("fieldSelector", options.FieldSelector);

        using var response = await _transport.OpenAsync(request, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var idle = new IdleLimit(options.IdleMax ?? IdleMax, _time);
        var frames = WatchFrames.ReadAsync<TEntity>(stream, request.ToString(), idle, cancellationToken);
        await foreach (var happened in frames)
            yield return happened;
    }

    public Task<TEntity> CreateAsync<TEntity>(
        TEntity entity,
        WriteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string path = ApiPath.OfList(EntityKind.Of<TEntity>(), entity.Namespace());
        var request = new ApiRequest(HttpMethod.Post, path)
        {
            Verb = "create",
            Body = KubernetesJson.SerializeToUtf8Bytes(entity),
        };
        return _transport.SendAsync<TEntity>(With(request, options), cancellationToken);
    }

    public Task<TEntity> UpdateAsync<TEntity>(
        TEntity entity,
        WriteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var kind = EntityKind.Of<TEntity>();
        string path = ApiPath.OfObject(kind, entity.Namespace(), entity.Name(), options.Subresource);
        var request = new ApiRequest(HttpMethod.Put, path)
        {
            Verb = "update",
            Body = KubernetesJson.SerializeToUtf8Bytes(entity),
        };
        return _transport.SendAsync<TEntity>(With(request, options), cancellationToken);
    }

    public Task<TEntity> PatchAsync<TEntity>(
        string name,
        string? @namespace,
        V1Patch patch,
        WriteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string path = ApiPath.OfObject(EntityKind.Of<TEntity>(), @namespace, name, options.Subresource);
        bool isApply = patch.Type == V1Patch.PatchType.ApplyPatch;
        if (isApply && string.IsNullOrEmpty(options.FieldManager))
            throw new ArgumentException("Server-side apply needs a field manager.", nameof(options));

        var request = new ApiRequest(HttpMethod.Patch, path)
        {
            Verb = isApply ? "apply" : "patch",
            Body = KubernetesJson.SerializeToUtf8Bytes(patch.Content),
            ContentType = patch.ContentType,
        };
        request.With("force", isApply && options.Force ? "true" : null);
        return _transport.SendAsync<TEntity>(With(request, options), cancellationToken);
    }

    public async Task<bool> DeleteAsync<TEntity>(
        string name,
        string? @namespace,
        V1DeleteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string path = ApiPath.OfObject(EntityKind.Of<TEntity>(), @namespace, name);
        var request = new ApiRequest(HttpMethod.Delete, path)
        {
            Verb = "delete",
            Body = KubernetesJson.SerializeToUtf8Bytes(options),
        };
        try
        {
            // The answer is the object, if something still holds it, or a Status.
            await _transport.SendAsync<JsonObject>(request, cancellationToken);
            return true;
        }
        catch (KubernetesException missing) when (missing.IsNotFound)
        {
            return false;
        }
    }

    public Task<V1Scale> GetScaleAsync<TEntity>(
        string name,
        string? @namespace,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string path = ApiPath.OfObject(EntityKind.Of<TEntity>(), @namespace, name, "scale");
        return _transport.SendAsync<V1Scale>(
            new ApiRequest(HttpMethod.Get, path) { Verb = "get" }, cancellationToken);
    }

    public Task<V1Scale> UpdateScaleAsync<TEntity>(V1Scale scale, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string path = ApiPath.OfObject(EntityKind.Of<TEntity>(), scale.Namespace(), scale.Name(), "scale");
        var request = new ApiRequest(HttpMethod.Put, path)
        {
            Verb = "update",
            Body = KubernetesJson.SerializeToUtf8Bytes(scale),
        };
        return _transport.SendAsync<V1Scale>(request, cancellationToken);
    }

    public async Task<Stream> ReadLogAsync(
        string pod,
        string @namespace,
        PodLogOptions options,
        CancellationToken cancellationToken = default)
    {
        string path = ApiPath.OfObject(EntityKind.Of<V1Pod>(), @namespace, pod, "log");
        var request = new ApiRequest(HttpMethod.Get, path) { Verb = "get", IsStream = true, Accept = "*/*" };
        request.With("container", options.Container)
            .With("previous", options.Previous ? "true" : null)
            .With("follow", options.Follow ? "true" : null)
            .With("timestamps", options.Timestamps ? "true" : null)
            .With("tailLines", options.TailLines?.ToString(CultureInfo.InvariantCulture))
            .With("limitBytes", options.LimitBytes?.ToString(CultureInfo.InvariantCulture))
            .With("sinceSeconds", options.SinceSeconds?.ToString(CultureInfo.InvariantCulture));
        var response = await _transport.OpenAsync(request, cancellationToken);
        return await response.Content.ReadAsStreamAsync(cancellationToken); // closing it frees the response
    }

    public Task EvictAsync(V1Eviction eviction, CancellationToken cancellationToken = default)
    {
        string path = ApiPath.OfObject(EntityKind.Of<V1Pod>(), eviction.Namespace(), eviction.Name(), "eviction");
        var request = new ApiRequest(HttpMethod.Post, path)
        {
            Verb = "create",
            Body = KubernetesJson.SerializeToUtf8Bytes(eviction),
            RetriesWhenBusy = false, // here 429 says that the budget forbids it
        };
        return _transport.SendAsync<JsonObject>(request, cancellationToken);
    }

    public async Task<bool> IsServedAsync<TEntity>(CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var kind = EntityKind.Of<TEntity>();
        try
        {
            var request = new ApiRequest(HttpMethod.Get, ApiPath.OfVersion(kind)) { Verb = "get" };
            var list = await _transport.SendAsync<JsonObject>(request, cancellationToken);
            return list["resources"] is JsonArray resources
                && resources.Any(each => (string?)each?["name"] == kind.Plural);
        }
        catch (KubernetesException missing) when (missing.IsNotFound)
        {
            return false;
        }
    }

    public void Dispose() => _transport.Dispose();

    private static ApiRequest With(ApiRequest request, WriteOptions options) => request
        .With("fieldManager", options.FieldManager)
        .With("dryRun", options.DryRun ? "All" : null)
        .With("fieldValidation", options.FieldValidation);
}
