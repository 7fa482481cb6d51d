namespace Kv.Store.Watching;

/// <summary>A list of events whose array can be exchanged for another, so that a busy watcher makes no
/// garbage.</summary>
internal sealed class EventList
{
    // A burst may have made it large; no need to keep that.
    private const int KeptMax = 4096;

    private PendingEvent[] _events = [];

    public int Count { get; private set; }

    /// <summary>The sum of what the events cost.</summary>
    public long Cost { get; private set; }

    public ReadOnlySpan<PendingEvent> Events => _events.AsSpan(0, Count);

    public void Add(PendingEvent added)
    {
        if (Count == _events.Length)
            Grow(Count + 1);
        _events[Count++] = added;
        Cost += added.Cost;
    }

    public void Add(ReadOnlySpan<PendingEvent> added, long cost)
    {
        if (Count + added.Length > _events.Length)
            Grow(Count + added.Length);
        added.CopyTo(_events.AsSpan(Count));
        Count += added.Length;
        Cost += cost;
    }

    public void Clear()
    {
        if (_events.Length > KeptMax)
            _events = [];
        else
            _events.AsSpan(0, Count).Clear();
        Count = 0;
        Cost = 0;
    }

    /// <summary>Gives this list's events to <paramref name="other"/>, which must be empty, for its array.</summary>
    public void MoveTo(EventList other)
    {
        Invariant.Require(other.Count == 0);
        (_events, other._events) = (other._events, _events);
        (other.Count, other.Cost) = (Count, Cost);
        (Count, Cost) = (0, 0);
    }

    private void Grow(int needed) => Array.Resize(ref _events, Math.Max(needed, Math.Max(4, _events.Length * 2)));
}
