using System.Threading.Tasks.Sources;
using Kv.Raft;

namespace Kv.Server.Peers.Outbound;

/// <summary>Messages on their way to one stream. Any thread adds, one task takes all there is at once; the busier the
/// stream, the larger the batches. Waiting and waking allocate nothing, and who adds never runs what waits.</summary>
internal sealed class MessageQueue(int messagesMax) : IValueTaskSource, IThreadPoolWorkItem
{
    private const int Initial = 16;

    private readonly Lock _gate = new();
    private Message[] _filling = new Message[Initial];
    private ManualResetValueTaskSourceCore<bool> _wake;
    private int _count;
    private bool _isWaiting;
    private bool _isHeartbeatDue;
    private bool _isClosed;

    public QueueOutcome TryAdd(Message message)
    {
        bool wakes;
        lock (_gate)
        {
            if (_isClosed)
                return QueueOutcome.Closed;
            if (_count == messagesMax)
                return QueueOutcome.Full;
            if (_count == _filling.Length)
                Array.Resize(ref _filling, Math.Min(_filling.Length * 2, messagesMax));
            _filling[_count++] = message;
            wakes = TakeWaiter();
        }

        Wake(wakes);
        return QueueOutcome.Added;
    }

    /// <summary>The link is to say something, whether there is anything to say or not.</summary>
    public void AskHeartbeat()
    {
        bool wakes;
        lock (_gate)
        {
            _isHeartbeatDue = true;
            wakes = TakeWaiter();
        }

        Wake(wakes);
    }

    /// <summary>Nothing is taken in any more; who waits is told.</summary>
    public void Close()
    {
        bool wakes;
        lock (_gate)
        {
            _isClosed = true;
            wakes = TakeWaiter();
        }

        Wake(wakes);
    }

    /// <summary>Returns when there is something to take, or the queue is closed. One at a time.</summary>
    public ValueTask WaitAsync()
    {
        lock (_gate)
        {
            if (_count > 0 || _isHeartbeatDue || _isClosed)
                return ValueTask.CompletedTask;
            _wake.Reset();
            _isWaiting = true;
            return new ValueTask(this, _wake.Version);
        }
    }

    /// <summary>Trades the buffer for one with all the messages, of which there are <paramref name="count"/>; false if
    /// the queue is closed, and these are the last.</summary>
    public bool Take(ref Message[] buffer, out int count, out bool isHeartbeatDue)
    {
        lock (_gate)
        {
            (count, _count) = (_count, 0);
            (isHeartbeatDue, _isHeartbeatDue) = (_isHeartbeatDue, false);
            (_filling, buffer) = (buffer.Length < Initial ? new Message[Initial] : buffer, _filling);
            return !_isClosed;
        }
    }

    void IThreadPoolWorkItem.Execute() => _wake.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _wake.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wake.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wake.OnCompleted(continuation, state, token, flags);

    private bool TakeWaiter()
    {
        bool wasWaiting = _isWaiting;
        _isWaiting = false;
        return wasWaiting;
    }

    private void Wake(bool wakes)
    {
        if (wakes)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}

internal enum QueueOutcome
{
    Added,
    Full,
    Closed,
}
