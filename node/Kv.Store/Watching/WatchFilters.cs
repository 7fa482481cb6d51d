namespace Kv.Store.Watching;

/// <summary>Events that a watcher does not want.</summary>
[Flags]
public enum WatchFilters
{
    None = 0,
    NoPut = 1,
    NoDelete = 2,
}
