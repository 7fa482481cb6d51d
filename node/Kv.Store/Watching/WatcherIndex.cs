using System.Runtime.InteropServices;

namespace Kv.Store.Watching;

/// <summary>Finds the watchers of a key, by a hash table for those of a single key and a tree for those of a range,
/// and stages each event for their groups until <see cref="TakeStaged"/>.</summary>
internal sealed class WatcherIndex(IHistory history)
{
    private readonly Dictionary<byte[], WatchedRange> _single = new(KeyEquality.Instance);
    private readonly RangeTree _ranges = new();
    private readonly List<WatchedRange> _found = [];
    private List<WatchGroup> _staged = [];
    private List<WatchGroup> _spare = [];

    public bool IsEmpty => _single.Count == 0 && _ranges.Count == 0;

    /// <summary>What the events staged since the last <see cref="TakeStaged"/> cost, each counted once for each
    /// group.</summary>
    public long StagedCost { get; private set; }

    public void Add(Watcher watcher)
    {
        WatchRange range = watcher.Request.Range;
        if (range.IsSingleKey)
        {
            ref WatchedRange? watched = ref CollectionsMarshal.GetValueRefOrAddDefault(_single, range.Key, out _);
            watched ??= new WatchedRange(range);
            watched.Add(watcher);
        }
        else
        {
            _ranges.GetOrAdd(range).Add(watcher);
        }
    }

    /// <summary>Nothing may be staged meanwhile: the watcher's group may go with it.</summary>
    public void Remove(Watcher watcher)
    {
        Invariant.Require(_staged.Count == 0);
        WatchRange range = watcher.Request.Range;
        WatchedRange? watched = range.IsSingleKey ? _single.GetValueOrDefault(range.Key) : _ranges.Get(range);
        Invariant.Require(watched is not null);
        watched.Remove(watcher);
        if (!watched.IsEmpty)
            return;

        if (range.IsSingleKey)
            _single.Remove(range.Key);
        else
            _ranges.Remove(watched);
    }

    public bool Watches(ReadOnlySpan<byte> key) =>
        _single.GetAlternateLookup<ReadOnlySpan<byte>>().ContainsKey(key) || _ranges.Touches(key);

    /// <summary>Encodes the change for those who watch its key, once without and once with the previous KeyValue as
    /// they want it.</summary>
    public void Stage(in Change change)
    {
        ReadOnlySpan<byte> key = change.Key.Span;
        _found.Clear();
        if (_single.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out WatchedRange? single))
            _found.Add(single);
        _ranges.Find(key, _found);

        byte[]? plain = null;
        byte[]? withPrevious = null;
        foreach (WatchedRange range in _found)
        {
            foreach (WatchGroup group in range.Groups)
            {
                if (!group.Wants(change.IsDelete))
                    continue;
                byte[] bytes = group.WithPrevious
                    ? withPrevious ??= EventCodec.EncodeWithPrevious(change, history)
                    : plain ??= EventCodec.Encode(change, []);
                Stage(group, new PendingEvent(bytes, change.Revision.Main));
            }
        }
    }

    /// <summary>The groups that have events staged; whoever takes them clears what is staged there.</summary>
    public List<WatchGroup> TakeStaged()
    {
        (_staged, _spare) = (_spare, _staged);
        _staged.Clear();
        StagedCost = 0;
        return _spare;
    }

    private void Stage(WatchGroup group, PendingEvent staged)
    {
        if (group.Staged.Count == 0)
            _staged.Add(group);
        group.Staged.Add(staged);
        StagedCost += staged.Cost;
    }
}
