namespace Kv.Store.Watching;

/// <summary>What a stream has for its consumer, handed from the hub's lane to the thread that writes to the client.
/// Its queue holds notices, and one item for each watcher that has events: an item stands for all events the watcher
/// has by the time it is taken, so the further the consumer is behind, the more revisions go in one response. A
/// notice never overtakes events that were added before it.
/// <para>Bounded: a stream that has <see cref="WatchLimits.StreamPendingBytesMax"/> waiting takes no more events, and
/// says so; what it refused is read from history once there is room. One addition is taken or refused whole.</para>
/// </summary>
internal sealed class Outbox(WatchLimits limits, PendingTotal total)
{
    private readonly Lock _gate = new();
    private readonly Queue<Item> _queue = new();
    private long _cost;
    private int _events;
    private int _notices;
    private bool _consumerWaits = true;
    private bool _roomIsAwaited;
    private bool _isClosed;

    /// <summary>Notices that the consumer has not taken.</summary>
    public int Notices => Volatile.Read(ref _notices);

    /// <summary>Adds a notice; true if the consumer must be woken.</summary>
    public bool Add(WatchNotice notice)
    {
        lock (_gate)
        {
            if (_isClosed)
                return false;
            _notices++;
            _queue.Enqueue(new Item(notice, Watcher: null));
            return StopsConsumerWaiting();
        }
    }

    /// <summary>Adds events of one watcher, revisions whole. When it takes them, <paramref name="mustWake"/> says
    /// whether the consumer must be woken; when not, the consumer will report room.</summary>
    public bool TryAdd(
        Watcher watcher, ReadOnlySpan<PendingEvent> events, long cost, long headerRevision, out bool mustWake)
    {
        lock (_gate)
        {
            mustWake = false;
            if (_isClosed)
                return true; // nobody will read them; the stream is about to be forgotten
            if (_cost >= limits.StreamPendingBytesMax
                || (_cost >= limits.StreamPendingBytesMin && total.Cost >= limits.TotalPendingBytesMax))
            {
                _roomIsAwaited = true;
                return false;
            }

            WatcherMail mail = watcher.Mail;
            mail.Events.Add(events, cost);
            mail.HeaderRevision = headerRevision;
            if (!mail.IsQueued)
            {
                mail.IsQueued = true;
                _queue.Enqueue(new Item(Notice: null, watcher));
            }

            _cost += cost;
            _events += events.Length;
            total.Add(cost, events.Length);
            mustWake = StopsConsumerWaiting();
            return true;
        }
    }

    /// <summary>Wakes a waiting consumer for another reason than something to read; true if there is one.</summary>
    public bool Nudge()
    {
        lock (_gate)
            return !_isClosed && StopsConsumerWaiting();
    }

    /// <summary>Takes the oldest item: a notice, or a watcher whose events are moved to
    /// <paramref name="events"/>. When there is none the consumer counts as waiting, and will be woken.</summary>
    public bool TryTake(EventList events, out WatchNotice? notice, out Watcher? watcher, out long headerRevision)
    {
        lock (_gate)
        {
            headerRevision = 0;
            if (_isClosed || !_queue.TryDequeue(out Item item))
            {
                _consumerWaits = true;
                (notice, watcher) = (null, null);
                return false;
            }

            (notice, watcher) = (item.Notice, item.Watcher);
            if (notice is not null)
            {
                _notices--;
            }
            else
            {
                WatcherMail mail = watcher!.Mail;
                mail.IsQueued = false;
                headerRevision = mail.HeaderRevision;
                mail.Events.MoveTo(events);
            }

            return true;
        }
    }

    /// <summary>Events taken have been written; true if that made the room that was awaited.</summary>
    public bool Release(long cost, int events)
    {
        lock (_gate)
        {
            if (_isClosed)
                return false;
            _cost -= cost;
            _events -= events;
            total.Add(-cost, -events);
            if (!_roomIsAwaited || _cost > limits.StreamPendingBytesMax / 2)
                return false;
            _roomIsAwaited = false;
            return true;
        }
    }

    /// <summary>Forgets everything; nothing is taken or given from here on.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _queue.Clear();
            total.Add(-_cost, -_events);
        }
    }

    private bool StopsConsumerWaiting()
    {
        bool waited = _consumerWaits;
        _consumerWaits = false;
        return waited;
    }

    private readonly record struct Item(WatchNotice? Notice, Watcher? Watcher);
}
