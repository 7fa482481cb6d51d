using System.Runtime.InteropServices;

namespace Kv.Store.Watching;

/// <summary>Watchers of one range that want the same of each event, and so get the same bytes: an event is matched
/// and staged once for all of them.</summary>
internal sealed class WatchGroup(WatchFilters filters, bool withPrevious)
{
    private readonly List<Watcher> _members = [];

    public WatchFilters Filters { get; } = filters;

    public bool WithPrevious { get; } = withPrevious;

    /// <summary>Events matched and not yet handed to the members' streams.</summary>
    public EventList Staged { get; } = new();

    /// <summary>Good until one joins or leaves.</summary>
    public ReadOnlySpan<Watcher> Members => CollectionsMarshal.AsSpan(_members);

    public bool Wants(bool isDelete) => (Filters & (isDelete ? WatchFilters.NoDelete : WatchFilters.NoPut)) == 0;

    public void Add(Watcher watcher)
    {
        Invariant.Require(watcher.Group is null);
        watcher.Group = this;
        watcher.GroupIndex = _members.Count;
        _members.Add(watcher);
    }

    public void Remove(Watcher watcher)
    {
        Invariant.Require(_members[watcher.GroupIndex] == watcher);
        Watcher last = _members[^1];
        _members[watcher.GroupIndex] = last;
        last.GroupIndex = watcher.GroupIndex;
        _members.RemoveAt(_members.Count - 1);
        watcher.Group = null;
    }
}
