namespace Kv.Replication;

/// <summary>When ticks are due: on a fixed beat, so that one that came late does not delay those after it. Counted from
/// the last one, each a few milliseconds late on a busy machine, an election timeout would last half as long again.
/// However many were missed, one is made up for: a process that was stopped for a minute must not take it for a minute
/// of silence.</summary>
internal struct TickSchedule(long start, long interval)
{
    private long _last = start;

    /// <summary>How long until the next one; at most zero if it is due. In the units of the clock.</summary>
    public readonly long Left(long now) => _last + interval - now;

    /// <summary>Whether one is due, which is done with then.</summary>
    public bool TryTake(long now)
    {
        long passed = (now - _last) / interval;
        if (passed <= 0)
            return false;
        _last += passed * interval;
        return true;
    }
}
