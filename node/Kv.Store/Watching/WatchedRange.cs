using System.Runtime.InteropServices;

namespace Kv.Store.Watching;

/// <summary>A range that someone watches, with the groups of those who do.</summary>
internal sealed class WatchedRange(WatchRange range)
{
    private readonly List<WatchGroup> _groups = [];

    public byte[] Start { get; } = range.Key;

    /// <summary>The first key beyond the range; null if there is none. Of no meaning for a single key.</summary>
    public byte[]? End { get; } = range.IsOpenEnded ? null : range.RangeEnd;

    public ReadOnlySpan<WatchGroup> Groups => CollectionsMarshal.AsSpan(_groups);

    public bool IsEmpty => _groups.Count == 0;

    public void Add(Watcher watcher)
    {
        WatchCreate request = watcher.Request;
        WatchGroup? group = _groups.Find(
            found => found.Filters == request.Filters && found.WithPrevious == request.WithPrevious);
        if (group is null)
            _groups.Add(group = new WatchGroup(request.Filters, request.WithPrevious));
        group.Add(watcher);
    }

    public void Remove(Watcher watcher)
    {
        WatchGroup? group = watcher.Group;
        Invariant.Require(group is not null);
        group.Remove(watcher);
        if (group.Members.IsEmpty)
            _groups.Remove(group);
    }
}
