namespace Kv.Store.Watching;

/// <summary>Watchers that are behind and whose consumers have room, and the reading of history for them. One step
/// reads one stretch of revisions, beginning where the watcher whose turn it is stands, for all that stand in that
/// stretch: a thousand watchers that return together with the same revision cost one reading.</summary>
internal sealed class CatchUp(IHistory history, WatchLimits limits) : IHistorySink
{
    private readonly WatcherIndex _index = new(history);
    private readonly List<Watcher> _watchers = [];
    private readonly List<Change> _read = [];
    private int _turn;

    public int Count => _watchers.Count;

    public void Add(Watcher watcher)
    {
        watcher.State = WatcherState.Behind;
        watcher.CatchUpIndex = _watchers.Count;
        _watchers.Add(watcher);
        _index.Add(watcher);
    }

    public void Remove(Watcher watcher)
    {
        Invariant.Require(_watchers[watcher.CatchUpIndex] == watcher);
        Watcher last = _watchers[^1];
        _watchers[watcher.CatchUpIndex] = last;
        last.CatchUpIndex = watcher.CatchUpIndex;
        _watchers.RemoveAt(_watchers.Count - 1);
        _index.Remove(watcher);
    }

    /// <summary>Moves to <paramref name="lost"/> the watchers that stand where history is compacted.</summary>
    public void TakeLost(long compactRevision, List<Watcher> lost)
    {
        for (int index = _watchers.Count - 1; index >= 0; index--)
        {
            Watcher watcher = _watchers[index];
            if (watcher.Next >= compactRevision)
                continue;
            Remove(watcher);
            lost.Add(watcher);
        }
    }

    /// <summary>Reads a stretch that ends with <paramref name="current"/> at the latest, and hands out what is in it.
    /// Watchers that reach <paramref name="current"/> are moved to <paramref name="arrived"/>; those refused are
    /// left in <paramref name="delivery"/>.</summary>
    public void Step(long current, Delivery delivery, List<Watcher> arrived)
    {
        long from = _watchers[_turn++ % _watchers.Count].Next;
        Invariant.Require(from <= current);

        long end = history.ReadChanges(from, limits.CatchUpRevisionsMax, limits.CatchUpBytesMax, this);
        Invariant.Require(end > from);
        end = Math.Min(end, current + 1);

        // Overtaken by a compaction: some of it may be missing, so none of it counts.
        bool isWhole = history.CompactRevision <= from;
        foreach (Change change in _read)
        {
            if (isWhole && change.Revision.Main < end)
                _index.Stage(change);
        }

        _read.Clear();
        if (!isWhole)
            return;

        delivery.Hand(_index.TakeStaged(), from, headerRevision: current);
        foreach (Watcher refused in delivery.Refused)
            Remove(refused);
        Advance(from, end, current, arrived);
    }

    bool IHistorySink.Wants(ReadOnlySpan<byte> key) => _index.Watches(key);

    void IHistorySink.Add(in Change change) => _read.Add(change);

    private void Advance(long from, long end, long current, List<Watcher> arrived)
    {
        for (int index = _watchers.Count - 1; index >= 0; index--)
        {
            Watcher watcher = _watchers[index];
            if (watcher.Next < from || watcher.Next >= end)
                continue;
            watcher.Next = end;
            if (end <= current)
                continue;
            Remove(watcher);
            arrived.Add(watcher);
        }
    }
}
