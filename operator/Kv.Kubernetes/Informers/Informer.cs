using System.Diagnostics.CodeAnalysis;
using Kv.Kubernetes.Client;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Microsoft.Extensions.Logging;

namespace Kv.Kubernetes.Informers;

/// <summary>Keeps a copy of the objects of a kind, and tells of each change. It lists, and then watches from where the
/// list was made:
/// <code>
///            ┌──────────── the watch is too old (410) ───────────┐
///            ▼                                                   │
///          list ── resource version ──► watch ── events and bookmarks move the version on
///            ▲                            ▲ │
///            │ before the first list      └─┴─ an end, a cut, silence: watch from the last version
/// </code>
/// What a list shows is compared with what was known: changes that no watch has seen are told like the others, and
/// objects that are gone are told as deleted. Resource versions are compared for equality only.</summary>
public sealed class Informer<TEntity> : IIndexedCache<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly IKubernetesClient _client;
    private readonly InformerOptions _options;
    private readonly RuntimeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Jitter _jitter;
    private readonly EntityStore<TEntity> _store = new();
    private readonly List<Action<EntityChange<TEntity>>> _listeners = [];
    private readonly Lock _telling = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _unsynced;
    private long _contactAt;

    public Informer(
        IKubernetesClient client,
        InformerOptions options,
        RuntimeMetrics metrics,
        ILogger logger,
        TimeProvider? time = null,
        Jitter? jitter = null)
    {
        (_client, _options, _metrics, _logger) = (client, options, metrics, logger);
        _time = time ?? TimeProvider.System;
        _jitter = jitter ?? new Jitter(new Random());
        _contactAt = _time.GetTimestamp();
        _unsynced = Math.Max(1, options.Namespaces.Count);
        var kind = EntityKind.Of<TEntity>();
        string name = kind.Group.Length == 0 ? kind.Plural : $"{kind.Plural}.{kind.Group}";
        Name = options.LabelSelector is null ? name : $"{name}[{options.LabelSelector}]";
        metrics.Informers.Track(Name, () => (_store.Count, SinceContact));
    }

    /// <summary>The kind, and the selector if there is one.</summary>
    public string Name { get; }

    public Task Synced => _synced.Task;

    /// <summary>How long ago the server last answered a list or sent anything on a watch. A watch is renewed, and
    /// bookmarks come, within minutes: an hour means that something is stuck.</summary>
    public TimeSpan SinceContact => _time.GetElapsedTime(Interlocked.Read(ref _contactAt));

    public TEntity? Get(ObjectKey key) => _store.Get(key);

    public IReadOnlyList<TEntity> List() => _store.List();

    public IReadOnlyList<TEntity> ByIndex(string index, string key) => _store.ByIndex(index, key);

    /// <summary>An object is found under all the keys that <paramref name="keysOf"/> gives for it.</summary>
    public void AddIndex(string name, Func<TEntity, IEnumerable<string>> keysOf) => _store.AddIndex(name, keysOf);

    /// <summary>Tells of all changes to come, one after the other; the cache shows each already. What listens must not
    /// wait.</summary>
    public void OnChange(Action<EntityChange<TEntity>> listener)
    {
        lock (_telling)
            _listeners.Add(listener);
    }

    /// <summary>Follows the objects until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        string?[] namespaces = _options.Namespaces.Count == 0 ? [null] : [.. _options.Namespaces];
        var tasks = namespaces.Select(each => FollowAsync(each, stop)).ToList();
        if (_options.ResyncEvery is { } period)
            tasks.Add(ResyncAsync(period, stop));
        await Task.WhenAll(tasks);
    }

    private async Task FollowAsync(string? @namespace, CancellationToken stop)
    {
        var reflector = new Reflector<TEntity>(_client, _options, @namespace, _time, _jitter);
        var pause = new ReconnectPause(_time, _jitter);
        bool isSynced = false;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (reflector.NeedsList)
                {
                    _metrics.Informers.CountList(Name);
                    Replace(@namespace, await reflector.ListAsync(stop));
                    if (!isSynced && Interlocked.Decrement(ref _unsynced) == 0)
                        _synced.TrySetResult();
                    isSynced = true;
                }

                _metrics.Informers.CountWatch(Name);
                bool wasWorthwhile = await reflector.WatchAsync(Apply, stop);
                Interlocked.Exchange(ref _contactAt, _time.GetTimestamp()); // the server has ended it, so it is there
                if (!wasWorthwhile)
                    await RestAsync(pause, "the watch ended as soon as it had begun", stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (KubernetesException expired) when (expired.IsGone)
            {
                Log.WatchExpired(_logger, Name);
                if (reflector.Forget() == ForgetOutcome.Again)
                    await RestAsync(pause, expired.Message, stop);
            }
            catch (Exception failure) when (
                failure is KubernetesException or HttpRequestException or IOException or TimeoutException
                    or Configuration.KubeConfigException)
            {
                await RestAsync(pause, failure.Message, stop);
            }
        }
    }

    private async Task RestAsync(ReconnectPause pause, string cause, CancellationToken stop)
    {
        var time = pause.Next();
        Log.InformerFailed(_logger, Name, time, cause);
        await Task.Delay(time, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ResyncAsync(TimeSpan period, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_jitter.Around(period, part: 0.1), _time, stop);
                foreach (var entity in _store.List())
                    Tell(new EntityChange<TEntity>(WatchEventType.Modified, entity, entity) { IsResync = true });
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private void Replace(string? @namespace, KubernetesList<TEntity> list)
    {
        Interlocked.Exchange(ref _contactAt, _time.GetTimestamp());
        Log.Listed(_logger, Name, list.Items.Count, list.Metadata.ResourceVersion);
        lock (_telling)
        {
            var gone = _store.ListOf(@namespace).ToDictionary(ObjectKey.Of);
            foreach (var entity in list.Items)
            {
                gone.Remove(ObjectKey.Of(entity));
                Put(entity);
            }

            foreach (var entity in gone.Values)
                Delete(entity, isTombstone: true);
        }
    }

    private void Apply(WatchEventType type, TEntity entity)
    {
        Interlocked.Exchange(ref _contactAt, _time.GetTimestamp());
        lock (_telling)
        {
            if (type == WatchEventType.Deleted)
                Delete(entity, isTombstone: false);
            else if (type != WatchEventType.Bookmark)
                Put(entity);
        }
    }

    private void Put(TEntity entity)
    {
        // A large part of most objects, and of no use to any reader.
        entity.Metadata.ManagedFields = null;
        var known = _store.Get(ObjectKey.Of(entity));
        if (known is not null && known.Uid() != entity.Uid())
        {
            Delete(known, isTombstone: true);
            known = null;
        }

        if (known is not null && known.ResourceVersion() == entity.ResourceVersion())
            return;
        _store.Put(entity);
        var type = known is null ? WatchEventType.Added : WatchEventType.Modified;
        Tell(new EntityChange<TEntity>(type, known, entity));
    }

    private void Delete(TEntity entity, bool isTombstone)
    {
        entity.Metadata.ManagedFields = null;
        if (_store.Remove(ObjectKey.Of(entity)) is { } known)
            Tell(new EntityChange<TEntity>(WatchEventType.Deleted, known, entity) { IsTombstone = isTombstone });
    }

    [SuppressMessage("Design", "CA1031", Justification = "The top of a call: a bad listener must not blind the rest.")]
    private void Tell(EntityChange<TEntity> change)
    {
        lock (_telling)
        {
            foreach (var listener in _listeners)
            {
                try
                {
                    listener(change);
                }
                catch (Exception failure)
                {
                    Log.ListenerFailed(_logger, failure, Name);
                }
            }
        }
    }
}
