namespace Kv.Replication;

/// <summary>What waits for the replica. Any thread posts; one takes, everything at once, so the busier the node, the
/// larger the batches. Requests of clients are refused when too many wait; what the lanes report is always taken,
/// since there is never more of it than there are turns. Messages of peers have a bound of their own, so that no load
/// of clients keeps them out, and are dropped beyond it: Raft repeats them.</summary>
public sealed class Inbox(int requestsMax) : IDisposable
{
    private const int Initial = 256;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private ReplicaEvent[] _filling = new ReplicaEvent[Initial];
    private int _count;
    private int _messages;
    private bool _isSleeping;

    /// <summary>False, and nothing posted, if as many as may wait do so already.</summary>
    public bool TryPost(in ReplicaEvent happened)
    {
        bool wake;
        lock (_gate)
        {
            if (_count - _messages >= requestsMax)
                return false;
            wake = Add(happened);
        }

        if (wake)
            _wake.Release();
        return true;
    }

    /// <summary>The same for what comes from peers, of which as many may wait again.</summary>
    public bool TryPostMessage(in ReplicaEvent happened)
    {
        bool wake;
        lock (_gate)
        {
            if (_messages >= requestsMax)
                return false;
            _messages++;
            wake = Add(happened);
        }

        if (wake)
            _wake.Release();
        return true;
    }

    /// <summary>For what must not be lost.</summary>
    public void Post(in ReplicaEvent happened)
    {
        bool wake;
        lock (_gate)
            wake = Add(happened);
        if (wake)
            _wake.Release();
    }

    /// <summary>Takes all there is, waiting for the first until the time is up; the answer may be empty. What is
    /// returned is valid until the next call.</summary>
    public ReadOnlySpan<ReplicaEvent> Take(ref ReplicaEvent[] buffer, TimeSpan patience)
    {
        bool sleeps;
        lock (_gate)
            sleeps = _isSleeping = _count == 0;
        if (sleeps)
            _ = _wake.Wait(patience);

        lock (_gate)
        {
            _isSleeping = false;
            int taken = _count;
            (_filling, buffer) = (buffer, _filling);
            if (_filling.Length < buffer.Length)
                _filling = new ReplicaEvent[buffer.Length];
            _count = 0;
            _messages = 0;
            return buffer.AsSpan(0, taken);
        }
    }

    /// <summary>Nobody posts or takes any more.</summary>
    public void Dispose() => _wake.Dispose();

    // The one that finds the taker asleep wakes it; those after it need not.
    private bool Add(in ReplicaEvent happened)
    {
        if (_count == _filling.Length)
            Array.Resize(ref _filling, _filling.Length * 2);
        _filling[_count++] = happened;
        bool wake = _isSleeping;
        _isSleeping = false;
        return wake;
    }
}
