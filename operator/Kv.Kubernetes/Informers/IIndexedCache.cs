namespace Kv.Kubernetes.Informers;

/// <summary>The objects of a kind as they were when the server last said so, which may be a moment ago: good for
/// noticing, not for deciding to destroy. What is in it is shared and must not be changed; see <see
/// cref="Json.KubernetesJson.Clone{T}"/>.</summary>
public interface IIndexedCache<TEntity>
{
    /// <summary>Ends when the cache has been filled for the first time.</summary>
    Task Synced { get; }

    TEntity? Get(ObjectKey key);

    IReadOnlyList<TEntity> List();

    /// <summary>The objects that an index of that name puts under that key.</summary>
    /// <exception cref="KeyNotFoundException">There is no such index.</exception>
    IReadOnlyList<TEntity> ByIndex(string index, string key);
}
