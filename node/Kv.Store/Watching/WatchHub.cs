using Kv.Storage;

namespace Kv.Store.Watching;

/// <summary>Tells watchers what changes. Changes are published by the lane that applies them and requests come from
/// any thread; both are queued here in one order and worked off by the hub's own lane, so publishing costs the apply
/// lane next to nothing (and with no watcher, nothing but a comparison), and a client that saw a change acknowledged
/// before it asked for a watcher never gets that change from it.
/// <para>The queue is bounded: when the lane is too far behind, changes are passed over, and the watchers read them
/// from history like any that fell behind. Requests are bounded by each stream
/// (<see cref="WatchStream.IsSaturated"/>).</para></summary>
public sealed class WatchHub : IChangeSink
{
    private readonly WatchLimits _limits;
    private readonly WatchIdentity _identity;
    private readonly ILane _lane;
    private readonly Action _work;
    private readonly PendingTotal _pending = new();
    private readonly WatchDesk _desk;

    private readonly Lock _gate = new();
    private HubQueue _queue = new();
    private HubQueue _spare = new();
    private long _revision;
    private int _interest;
    private bool _isScheduled;

    /// <param name="lane">Runs all the hub's work; the apply lane itself, or one of its own.</param>
    /// <param name="random">Spreads progress in time.</param>
    public WatchHub(IHistory history, ILane lane, WatchIdentity identity, WatchLimits limits, Random random)
    {
        _limits = limits;
        _identity = identity;
        _lane = lane;
        _work = Work;
        _revision = history.CurrentRevision;
        Counters = new WatchCounters(_pending);
        _desk = new WatchDesk(history, limits, Counters, random, _revision);
    }

    public WatchCounters Counters { get; }

    /// <summary>Opens a stream; see <see cref="WatchStream"/> for when <paramref name="onReady"/> is called.</summary>
    public WatchStream OpenStream(Action onReady)
    {
        Counters.AddStreams(1);
        return new WatchStream(this, _limits, _pending, _identity, onReady);
    }

    public void Publish(long revision, ReadOnlySpan<Change> changes)
    {
        bool mustSchedule;
        lock (_gate)
        {
            Invariant.Require(revision > _revision);
            _revision = revision;
            if (_interest == 0)
                return;

            if (_queue.ChangeCount >= _limits.PublishedChangesMax || _queue.ChangeBytes >= _limits.PublishedBytesMax)
                _queue.AddSkip(revision);
            else
                _queue.Add(revision, changes);
            mustSchedule = !_isScheduled;
            _isScheduled = true;
        }

        if (mustSchedule)
            _lane.Post(_work);
    }

    public void Restore(long revision)
    {
        bool mustSchedule;
        lock (_gate)
        {
            // In one step: a request that came in between would tell the new revision before the skip that leads to it.
            _revision = revision;
            mustSchedule = Enqueue(new HubRequest.Skip(revision));
        }

        if (mustSchedule)
            _lane.Post(_work);
    }

    /// <summary>Tells the time to whatever is due by time: progress that watchers asked for. To be called a few times
    /// in each <see cref="WatchLimits.ProgressInterval"/>; <paramref name="now"/> counts from any moment.</summary>
    public void Tick(TimeSpan now) => Ask(new HubRequest.Tick(now));

    internal void Ask(HubRequest request)
    {
        bool mustSchedule;
        lock (_gate)
        {
            // From here on changes must be published to us, even before the watcher exists.
            if (request is HubRequest.Create)
                _interest++;
            mustSchedule = Enqueue(request);
        }

        if (mustSchedule)
            _lane.Post(_work);
    }

    // Whether the lane must be told.
    private bool Enqueue(HubRequest request)
    {
        _queue.Add(_revision, request);
        bool mustSchedule = !_isScheduled;
        _isScheduled = true;
        return mustSchedule;
    }

    /// <summary>One turn of the lane: whatever has gathered, and one step for watchers that are behind.</summary>
    private void Work()
    {
        lock (_gate)
            (_queue, _spare) = (_spare, _queue);

        _spare.MoveTo(_desk);
        _desk.CatchUp();
        _desk.WakeConsumers();

        bool isMore;
        lock (_gate)
        {
            _interest -= _desk.TakeLostInterest();
            Invariant.Require(_interest >= 0);
            isMore = !_queue.IsEmpty || _desk.HasWatchersToCatchUp;
            _isScheduled = isMore;
        }

        if (isMore)
            _lane.Post(_work);
    }
}
