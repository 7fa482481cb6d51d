namespace Kv.Store.Watching;

/// <summary>Makes responses of what a stream has for its consumer. All events of a watcher that wait are joined, up to
/// the bounds of one response and never parting a revision; only a watcher that asked for fragments gets a large
/// response in pieces, cut where etcd cuts.</summary>
internal sealed class ResponseCutter(WatchLimits limits, WatchOutput output)
{
    private readonly EventList _taken = new();
    private Watcher? _watcher;
    private long _headerRevision;

    // Positions in what was taken: [_from, _to) is in the response given last, [_to, _responseEnd) is what else would
    // be
    // in it but for fragments, and what follows goes in further responses.
    private int _from;
    private int _to;
    private int _responseEnd;

    /// <summary>What the events of the last response cost, once.</summary>
    public bool TakeWritten(out long cost, out int events)
    {
        cost = 0;
        foreach (PendingEvent written in _taken.Events[_from.._to])
            cost += written.Cost;
        events = _to - _from;
        _from = _to;
        return events > 0;
    }

    public WatchOutput? TryCut(Outbox outbox)
    {
        if (_to == _taken.Count)
        {
            _taken.Clear();
            (_from, _to, _responseEnd) = (0, 0, 0);
            if (!outbox.TryTake(_taken, out WatchNotice? notice, out _watcher, out _headerRevision))
                return null;
            if (notice is not null)
            {
                output.SetNotice(notice);
                return output;
            }
        }

        CutEvents(_watcher!);
        return output;
    }

    private void CutEvents(Watcher watcher)
    {
        _from = _to;
        if (_to == _responseEnd)
            _responseEnd = ResponseEnd();
        _to = watcher.Request.Fragment ? FragmentEnd(watcher) : _responseEnd;
        output.SetEvents(watcher.Id, _headerRevision, isFragment: _to < _responseEnd, _taken, _from.._to);
    }

    /// <summary>Where a response that begins here must end for its bounds, at the end of a revision.</summary>
    private int ResponseEnd()
    {
        ReadOnlySpan<PendingEvent> events = _taken.Events;
        int end = _from;
        long bytes = 0;
        for (int revisions = 0; revisions < limits.ResponseRevisionsMax && end < events.Length; revisions++)
        {
            int next = end;
            while (next < events.Length && events[next].Revision == events[end].Revision)
                bytes += events[next++].Bytes.Length;
            if (bytes > limits.ResponseBytesMax && end > _from)
                break;
            end = next;
        }

        return end;
    }

    /// <summary>Where the fragment that begins here must end: before the event that would make it too large, if it is
    /// not the only one.</summary>
    private int FragmentEnd(Watcher watcher)
    {
        ReadOnlySpan<PendingEvent> events = _taken.Events[.._responseEnd];
        long bytes = output.MeasureHead(watcher.Id, _headerRevision, isFragment: true);
        int end = _from;
        while (end < events.Length)
        {
            bytes += events[end].Bytes.Length;
            if (end > _from && bytes >= limits.FragmentBytes)
                break;
            end++;
        }

        return end;
    }
}
