namespace Kv.Store.Watching;

/// <summary>Hands staged events to the streams of their watchers, and remembers which consumers to wake and which
/// watchers were refused because their stream is full.</summary>
internal sealed class Delivery(WatchCounters counters)
{
    private readonly List<WatchStream> _toWake = [];

    public List<Watcher> Refused { get; } = [];

    /// <summary>Gives the members of the groups the events from their <see cref="Watcher.Next"/> on; but not those who
    /// lack some before <paramref name="from"/>, where the events staged begin. One that is refused has its Next at
    /// the first event it was not given.</summary>
    public void Hand(List<WatchGroup> groups, long from, long headerRevision)
    {
        foreach (WatchGroup group in groups)
        {
            ReadOnlySpan<PendingEvent> events = group.Staged.Events;
            foreach (Watcher member in group.Members)
            {
                if (member.Next < from)
                    continue;
                if (member.Next <= events[0].Revision)
                    Hand(member, events, group.Staged.Cost, headerRevision);
                else
                    HandFrom(member, events, headerRevision);
            }

            group.Staged.Clear();
        }
    }

    public void Hand(WatchStream stream, WatchNotice notice)
    {
        if (stream.Outbox.Add(notice))
            _toWake.Add(stream);
    }

    public void WakeConsumers()
    {
        foreach (WatchStream stream in _toWake)
            stream.Wake();
        _toWake.Clear();
    }

    private void HandFrom(Watcher watcher, ReadOnlySpan<PendingEvent> events, long headerRevision)
    {
        int first = 0;
        while (first < events.Length && events[first].Revision < watcher.Next)
            first++;
        if (first == events.Length)
            return;

        long cost = 0;
        foreach (PendingEvent pending in events[first..])
            cost += pending.Cost;
        Hand(watcher, events[first..], cost, headerRevision);
    }

    private void Hand(Watcher watcher, ReadOnlySpan<PendingEvent> events, long cost, long headerRevision)
    {
        if (!watcher.Stream.Outbox.TryAdd(watcher, events, cost, headerRevision, out bool mustWake))
        {
            watcher.Next = events[0].Revision;
            Refused.Add(watcher);
            return;
        }

        watcher.HeardOfLate = true;
        counters.AddEvents(events.Length);
        if (mustWake)
            _toWake.Add(watcher.Stream);
    }
}
