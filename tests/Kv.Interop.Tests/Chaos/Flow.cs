namespace Kv.Interop.Tests.Chaos;

/// <summary>What one member sends to another, on all connections between the two, whoever dialled them.</summary>
public sealed class Flow
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = NewSource();
    private bool _isStalled;
    private bool _isBroken;
    private long _freeAt;

    /// <summary>How long every byte is on its way.</summary>
    public TimeSpan Delay { get; private set; }

    /// <summary>Bytes a second; 0 for any number.</summary>
    public int Rate { get; private set; }

    /// <summary>Whether what is sent gets lost with its connection, of which the sender is not told.</summary>
    public bool IsBroken
    {
        get
        {
            lock (_gate)
                return _isBroken;
        }
    }

    /// <summary>Nothing arrives any more until it is healed, as if every packet was dropped.</summary>
    public void Stall() => Change(() => _isStalled = true);

    /// <summary>The receiver's ends of all connections are gone, and the sender's stay open: each is half
    /// open.</summary>
    public void Break() => Change(() => _isBroken = true);

    public void Slow(TimeSpan delay, int rate) => Change(() => (Delay, Rate) = (delay, rate));

    public void Heal() => Change(() => (_isStalled, _isBroken, Delay, Rate) = (false, false, TimeSpan.Zero, 0));

    /// <summary>Returns when nothing keeps bytes from arriving, or <see cref="IsBroken"/>.</summary>
    public async ValueTask UntilOpenAsync(CancellationToken stop)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (!_isStalled || _isBroken)
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(stop);
        }
    }

    /// <summary>Returns when that many bytes may have passed.</summary>
    public async ValueTask PassAsync(int bytes, CancellationToken stop)
    {
        TimeSpan wait;
        lock (_gate)
        {
            if (Rate == 0)
                return;
            long now = TimeProvider.System.GetTimestamp();
            _freeAt = Math.Max(now, _freeAt) + (bytes * TimeProvider.System.TimestampFrequency / Rate);
            wait = TimeProvider.System.GetElapsedTime(now, _freeAt);
        }

        await Task.Delay(wait, stop);
    }

    private void Change(Action change)
    {
        TaskCompletionSource before;
        lock (_gate)
        {
            change();
            (before, _changed) = (_changed, NewSource());
        }

        before.SetResult();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
