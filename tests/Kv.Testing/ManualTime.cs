namespace Kv.Testing;

/// <summary>A clock with timers, that goes when it is told to.</summary>
public sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _ticks = start.UtcTicks;

    /// <summary>A clock that begins in 1970.</summary>
    public ManualTime()
        : this(DateTimeOffset.UnixEpoch)
    {
    }

    /// <summary>The time that has passed since it began.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(GetTimestamp() - start.UtcTicks);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (_gate)
            _timers.Add(timer);
        Announce();
        return timer;
    }

    /// <summary>Waits until something waits for at least so long, and for less than so long.</summary>
    public async Task WaitForTimerAsync(TimeSpan least, TimeSpan most)
    {
        var deadline = TimeSpan.FromSeconds(10);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
                long now = GetTimestamp();
                if (_timers.Exists(timer => timer.Due - now >= least.Ticks && timer.Due - now < most.Ticks))
                    return;
            }

            await changed.WaitAsync(deadline);
        }
    }

    /// <summary>Lets the time pass, and whatever is due in it happen, in order.</summary>
    public void Advance(TimeSpan time)
    {
        long end = GetTimestamp() + time.Ticks;
        while (NextDue() is { } timer && timer.Due <= end)
        {
            Volatile.Write(ref _ticks, Math.Max(GetTimestamp(), timer.Due));
            timer.Fire();
        }

        Volatile.Write(ref _ticks, end);
    }

    private void Announce()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    private ManualTimer? NextDue()
    {
        lock (_gate)
            return _timers.MinBy(timer => timer.Due);
    }

    private sealed class ManualTimer(ManualTime time, Action callback) : ITimer
    {
        private TimeSpan _period;

        public long Due { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time.GetTimestamp() + dueTime.Ticks;
            _period = period;
            time.Announce();
            return true;
        }

        public void Fire()
        {
            bool repeats = _period > TimeSpan.Zero;
            Due = repeats ? Due + _period.Ticks : long.MaxValue;
            callback();
        }

        public void Dispose()
        {
            Due = long.MaxValue;
            lock (time._gate)
                time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
