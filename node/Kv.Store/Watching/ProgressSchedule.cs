namespace Kv.Store.Watching;

/// <summary>When streams tell their quiet watchers how far they have been told.</summary>
internal sealed class ProgressSchedule(WatchLimits limits, Random random)
{
    private const double SpreadMax = 0.1;

    private TimeSpan _now;

    public void OnTick(TimeSpan now) => _now = now;

    public void Start(StreamState stream) => stream.ProgressDue ??= Next();

    /// <summary>Whether the stream's time has come; if so, the next is set.</summary>
    public bool TakeDue(StreamState stream)
    {
        if (stream.ProgressDue is not { } due || due > _now)
            return false;
        stream.ProgressDue = Next();
        return true;
    }

    private TimeSpan Next() => _now + (limits.ProgressInterval * (1 + (SpreadMax * random.NextDouble())));
}
