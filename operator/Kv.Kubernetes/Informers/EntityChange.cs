namespace Kv.Kubernetes.Informers;

/// <summary>What happened to an object, as its informer saw it. Both states belong to the cache: whoever wants to
/// change one makes a copy.</summary>
/// <param name="Type">Added, modified or deleted.</param>
/// <param name="Old">As it was before; null if it was not known.</param>
/// <param name="New">As it is; of a deleted one, as it was last known.</param>
public sealed record EntityChange<TEntity>(WatchEventType Type, TEntity? Old, TEntity New)
{
    /// <summary>Whether a deletion was found out only by its absence: the state is then the last that was seen, not the
    /// last there was.</summary>
    public bool IsTombstone { get; init; }

    /// <summary>Whether nothing has happened: all objects are shown again from time to time.</summary>
    public bool IsResync { get; init; }
}
