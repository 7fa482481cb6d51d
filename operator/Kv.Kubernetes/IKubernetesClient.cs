using Kv.Kubernetes.Models;

namespace Kv.Kubernetes;

/// <summary>The API of Kubernetes for every type that has a <see cref="KubernetesEntityAttribute"/>. What the server
/// refuses is a <see cref="KubernetesException"/>; what does not reach it, or is not answered in time, a <see
/// cref="HttpRequestException"/>, <see cref="IOException"/> or <see cref="TimeoutException"/>. Whether a write that
/// was not answered has happened is not known: read again before repeating it.</summary>
public interface IKubernetesClient : IDisposable
{
    Uri BaseUri { get; }

    /// <summary>The namespace that the configuration names.</summary>
    string GetCurrentNamespace();

    /// <summary>Null if there is none.</summary>
    Task<TEntity?> GetAsync<TEntity>(
        string name,
        string? @namespace = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>One answer of a list: a page, if there is a limit.</summary>
    Task<KubernetesList<TEntity>> ListPageAsync<TEntity>(
        ListOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>The changes, as they come, until the server ends the watch.</summary>
    IAsyncEnumerable<(WatchEventType Type, TEntity Entity)> WatchAsync<TEntity>(
        WatchOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    Task<TEntity> CreateAsync<TEntity>(
        TEntity entity,
        WriteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Replaces the whole object, or a subresource of it. With a resource version only if it is still
    /// that.</summary>
    Task<TEntity> UpdateAsync<TEntity>(
        TEntity entity,
        WriteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Changes an object; with an apply patch, creates it if it is not there.</summary>
    Task<TEntity> PatchAsync<TEntity>(
        string name,
        string? @namespace,
        V1Patch patch,
        WriteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Deletes an object, or begins to: finalizers may hold it.</summary>
    /// <returns>False if there was none.</returns>
    Task<bool> DeleteAsync<TEntity>(
        string name,
        string? @namespace,
        V1DeleteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>How many are wanted and how many there are, of any kind that can be scaled.</summary>
    Task<V1Scale> GetScaleAsync<TEntity>(
        string name,
        string? @namespace,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    Task<V1Scale> UpdateScaleAsync<TEntity>(V1Scale scale, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>What a container wrote. The stream belongs to the caller.</summary>
    Task<Stream> ReadLogAsync(
        string pod,
        string @namespace,
        PodLogOptions options,
        CancellationToken cancellationToken = default);

    /// <summary>Asks that a pod be moved away, which a PodDisruptionBudget may refuse with 429.</summary>
    Task EvictAsync(V1Eviction eviction, CancellationToken cancellationToken = default);

    /// <summary>Whether the server has this kind in this version: a CRD may not be installed.</summary>
    Task<bool> IsServedAsync<TEntity>(CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;
}
