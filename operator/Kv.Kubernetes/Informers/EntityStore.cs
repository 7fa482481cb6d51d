using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Informers;

/// <summary>Objects by key, and by the indexes that somebody has asked for. May be read from any thread.</summary>
internal sealed class EntityStore<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, TEntity> _entities = [];
    private readonly Dictionary<string, Index> _indexes = [];

    public int Count
    {
        get
        {
            lock (_gate)
                return _entities.Count;
        }
    }

    public void AddIndex(string name, Func<TEntity, IEnumerable<string>> keysOf)
    {
        lock (_gate)
        {
            var index = new Index(keysOf, []);
            _indexes.Add(name, index);
            foreach ((var key, var entity) in _entities)
                index.Add(key, entity);
        }
    }

    public TEntity? Get(ObjectKey key)
    {
        lock (_gate)
            return _entities.GetValueOrDefault(key);
    }

    public IReadOnlyList<TEntity> List()
    {
        lock (_gate)
            return [.. _entities.Values];
    }

    /// <summary>The objects of one namespace, or all.</summary>
    public IReadOnlyList<TEntity> ListOf(string? @namespace)
    {
        lock (_gate)
            return [.. _entities.Values.Where(each => @namespace is null || each.Namespace() == @namespace)];
    }

    public IReadOnlyList<TEntity> ByIndex(string name, string key)
    {
        lock (_gate)
        {
            return _indexes[name].Entries.TryGetValue(key, out var keys)
                ? [.. keys.Select(each => _entities[each])]
                : [];
        }
    }

    /// <returns>What was there before.</returns>
    public TEntity? Put(TEntity entity)
    {
        var key = ObjectKey.Of(entity);
        lock (_gate)
        {
            _entities.TryGetValue(key, out var old);
            _entities[key] = entity;
            foreach (var index in _indexes.Values)
            {
                if (old is not null)
                    index.Remove(key, old);
                index.Add(key, entity);
            }

            return old;
        }
    }

    /// <returns>What was there.</returns>
    public TEntity? Remove(ObjectKey key)
    {
        lock (_gate)
        {
            if (!_entities.Remove(key, out var old))
                return null;
            foreach (var index in _indexes.Values)
                index.Remove(key, old);
            return old;
        }
    }

    private sealed record Index(
        Func<TEntity, IEnumerable<string>> KeysOf,
        Dictionary<string, HashSet<ObjectKey>> Entries)
    {
        public void Add(ObjectKey key, TEntity entity)
        {
            foreach (string each in KeysOf(entity))
            {
                if (!Entries.TryGetValue(each, out var keys))
                    Entries[each] = keys = [];
                keys.Add(key);
            }
        }

        public void Remove(ObjectKey key, TEntity entity)
        {
            foreach (string each in KeysOf(entity))
            {
                if (Entries.TryGetValue(each, out var keys) && keys.Remove(key) && keys.Count == 0)
                    Entries.Remove(each);
            }
        }
    }
}
