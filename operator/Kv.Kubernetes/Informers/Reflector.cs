using Kv.Kubernetes.Client;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Informers;

/// <summary>Where one informer is in one namespace: the resource version that it has seen all up to, if any.</summary>
internal sealed class Reflector<TEntity>(
    IKubernetesClient client,
    InformerOptions options,
    string? @namespace,
    TimeProvider time,
    Jitter jitter)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    // Servers are spared if watches do not end all at once (client-go and kubectl choose likewise).
    private static readonly TimeSpan WatchLeast = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan WatchMost = TimeSpan.FromMinutes(10);

    /// <summary>How much longer than it was asked to last a watch may be silent before it counts as dead.</summary>
    private static readonly TimeSpan IdleGrace = TimeSpan.FromSeconds(30);

    /// <summary>A watch that ends sooner, and has brought nothing, is not one.</summary>
    private static readonly TimeSpan WorthwhileAfter = TimeSpan.FromSeconds(1);

    private string? _version;
    private bool _hasWatched = true;

    public bool NeedsList => _version is null;

    public async Task<KubernetesList<TEntity>> ListAsync(CancellationToken stop)
    {
        // Without a resource version, so that the answer is not older than what a lost watch has shown.
        var list = await client.ListAllAsync<TEntity>(
            new ListOptions
            {
                Namespace = @namespace,
                LabelSelector = options.LabelSelector,
                FieldSelector = options.FieldSelector,
                MetadataOnly = options.MetadataOnly,
            },
            stop);
        _version = list.Metadata.ResourceVersion ?? throw new IOException("A list came without a resource version.");
        return list;
    }

    /// <returns>Whether it lasted, or brought anything.</returns>
    public async Task<bool> WatchAsync(Action<WatchEventType, TEntity> apply, CancellationToken stop)
    {
        var timeout = jitter.Between(WatchLeast, WatchMost);
        var request = new WatchOptions
        {
            Namespace = @namespace,
            LabelSelector = options.LabelSelector,
            FieldSelector = options.FieldSelector,
            MetadataOnly = options.MetadataOnly,
            ResourceVersion = _version,
            AllowBookmarks = true,
            Timeout = timeout,
            IdleMax = timeout + IdleGrace,
        };
        long start = time.GetTimestamp();
        bool hasSeen = false;
        await foreach ((var type, var entity) in client.WatchAsync<TEntity>(request, stop))
        {
            apply(type, entity);
            _version = entity.ResourceVersion() ?? _version;
            hasSeen = true;
            _hasWatched = true;
        }

        return hasSeen || time.GetElapsedTime(start) >= WorthwhileAfter;
    }

    /// <summary>Lets the next turn list. If even the watch from a fresh list is too old, there should be a
    /// pause.</summary>
    public ForgetOutcome Forget()
    {
        _version = null;
        bool isFirst = _hasWatched;
        _hasWatched = false;
        return isFirst ? ForgetOutcome.First : ForgetOutcome.Again;
    }
}

internal enum ForgetOutcome
{
    First,

    /// <summary>No watch has brought anything since the last time.</summary>
    Again,
}
