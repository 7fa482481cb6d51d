namespace Kv.Kubernetes.Queues;

/// <summary>Keys that are due later, each once, at the earliest time that was asked for. One timer serves them
/// all.</summary>
internal sealed class DelayedKeys<TKey> : IDisposable
    where TKey : notnull
{
    /// <summary>A timer cannot wait for longer than some weeks. One that rings for nothing is set again.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, DateTimeOffset> _due = [];

    // May hold times that an earlier one has taken the place of; the dictionary tells.
    private readonly PriorityQueue<TKey, DateTimeOffset> _order = new();
    private readonly Action<TKey> _add;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly DateTimeOffset _start = DateTimeOffset.UnixEpoch;
    private readonly long _startTimestamp;
    private bool _isDisposed;

    public DelayedKeys(Action<TKey> add, TimeProvider time)
    {
        _add = add;
        _time = time;
        _startTimestamp = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Ring(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    // Counted from our own start by the clock that never jumps.
    private DateTimeOffset Now => _start + _time.GetElapsedTime(_startTimestamp);

    public void Add(TKey key, TimeSpan delay)
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            var due = Now + delay;
            if (_due.TryGetValue(key, out var known) && known <= due)
                return;
            _due[key] = due;
            _order.Enqueue(key, due);
            Arm();
        }
    }

    public void Dispose()
    {
        lock (_gate)
            _isDisposed = true;
        _timer.Dispose();
    }

    private void Ring()
    {
        List<TKey> ripe = [];
        lock (_gate)
        {
            if (_isDisposed)
                return;
            var now = Now;
            while (_order.TryPeek(out var key, out var due) && due <= now)
            {
                _order.Dequeue();
                if (_due.TryGetValue(key, out var current) && current == due && _due.Remove(key))
                    ripe.Add(key);
            }

            Arm();
        }

        foreach (var key in ripe)
            _add(key);
    }

    private void Arm()
    {
        while (_order.TryPeek(out var key, out var due))
        {
            if (_due.TryGetValue(key, out var current) && current == due)
            {
                // Timers may ring a little early by their own coarse clock.
                var wait = due - Now + TimeSpan.FromMilliseconds(1);
                _timer.Change(TimeSpan.FromTicks(Math.Clamp(wait.Ticks, 0, WaitMax.Ticks)), Timeout.InfiniteTimeSpan);
                return;
            }

            _order.Dequeue();
        }
    }
}
