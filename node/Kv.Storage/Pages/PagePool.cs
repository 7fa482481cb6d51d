namespace Kv.Storage.Pages;

/// <summary>Decides when a page may be written to again: once no pinned state reaches it. A page made in transaction b
/// and left out by transaction f is reached by the states b to f-1. So it hangs on the newest pinned of these; when
/// that one is unpinned for good, it moves on to the next older one if that reaches it too, and else it is free.
/// <code>
/// states    3    7    8         readers hold 3 and 7; 8 is current, 9 is being written
/// page made in 5, left out by 8:  hangs on 7, and is free after it: 3 is older than the page
/// page made in 2, left out by 8:  hangs on 7, then on 3, then free
/// </code>
/// So one old reader keeps what it sees, and not all that was written since. The writer's alone; readers only pin and
/// unpin.</summary>
internal sealed class PagePool
{
    private readonly FreePages _free = new();
    private readonly PageBirths _births;
    private readonly List<CommittedState> _states;

    public PagePool(CommittedState first)
    {
        _births = new PageBirths(first.Id);
        _states = [first];
    }

    public FreePages Free => _free;

    /// <summary>Oldest first; the last is the current one. Some may have lost their last pin since.</summary>
    public IReadOnlyList<CommittedState> States => _states;

    /// <summary>Pages that wait for a state to be unpinned.</summary>
    public long WaitingCount
    {
        get
        {
            long count = 0;
            foreach (var state in _states)
            {
                foreach (var run in state.LastSeenHere)
                    count += run.Count;
            }

            return count;
        }
    }

    public bool TryTake(int count, ulong limit, ulong transaction, out PageId start)
    {
        if (!_free.TryTake(count, limit, out start))
            return false;
        _births.Set(start, transaction);
        return true;
    }

    public void NoteBirth(PageId start, ulong transaction) => _births.Set(start, transaction);

    public FreedRun ToFreedRun(PageId start, int count) => new(start, count, _births.Get(start));

    /// <summary>Adds the state that a commit made and that left out <paramref name="freed"/>. The state before the one
    /// it builds on has lost its meta page to it, and with that the writer's pin.</summary>
    public void Publish(CommittedState next, IReadOnlyList<FreedRun> freed)
    {
        _states[^1].LastSeenHere.AddRange(freed);
        _states.Add(next);
        if (_states.Count > 2)
            _states[^3].Unpin();
    }

    /// <summary>Frees what the states that are no longer pinned were the last to reach. Newest first, so that a page
    /// passes through several of them in one go.</summary>
    public void Reclaim()
    {
        for (int index = _states.Count - 2; index >= 0; index--)
        {
            var state = _states[index];
            if (state.Pins > 0)
                continue;

            var older = index > 0 ? _states[index - 1] : null;
            foreach (var run in state.LastSeenHere)
            {
                if (older is not null && run.BornIn <= older.Id)
                    older.LastSeenHere.Add(run);
                else
                    _free.Add(run.Start, run.Count);
            }

            _states.RemoveAt(index);
        }
    }

    /// <summary>Takes back the writer's pins; what is still mapped then is so for readers.</summary>
    public void UnpinAll()
    {
        for (int index = Math.Max(0, _states.Count - 2); index < _states.Count; index++)
            _states[index].Unpin();
        _states.Clear();
    }
}
