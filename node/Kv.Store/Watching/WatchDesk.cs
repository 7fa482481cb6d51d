namespace Kv.Store.Watching;

/// <summary>The part of the hub that only its lane touches: who watches what, who is live and who behind, and what each
/// request is answered. A watcher is live while it has been given all up to the hub's revision; it falls behind
/// when its stream is full or it starts in the past, is then given stretches of history, and is live again when these
/// reach the hub's revision. Since the lane does one thing at a time nothing can happen in between.</summary>
internal sealed class WatchDesk
{
    public const string RangeIsEmpty = "mvcc: watcher range is empty";
    public const string IdIsTaken = "mvcc: duplicate watch ID provided on the WatchStream";

    // Staged events are handed over at the latest when they cost this, so that a full stream is noticed in time.
    private const long StagedCostMax = 256 * 1024;

    private readonly IHistory _history;
    private readonly WatchLimits _limits;
    private readonly WatchCounters _counters;
    private readonly ProgressSchedule _schedule;
    private readonly WatcherIndex _live;
    private readonly CatchUp _catchUp;
    private readonly Delivery _delivery;
    private readonly List<WatchStream> _streams = [];
    private readonly List<Watcher> _moved = [];
    private long _revision;
    private int _lostInterest;

    public WatchDesk(IHistory history, WatchLimits limits, WatchCounters counters, Random random, long revision)
    {
        _history = history;
        _limits = limits;
        _counters = counters;
        _schedule = new ProgressSchedule(limits, random);
        _live = new WatcherIndex(history);
        _catchUp = new CatchUp(history, limits);
        _delivery = new Delivery(counters);
        _revision = revision;
    }

    public bool HasWatchersToCatchUp => _catchUp.Count > 0;

    /// <summary>How many watchers have gone, for which nothing needs to be published any more.</summary>
    public int TakeLostInterest()
    {
        int lost = _lostInterest;
        _lostInterest = 0;
        return lost;
    }

    public void OnPublished(long revision, ReadOnlySpan<Change> changes)
    {
        Invariant.Require(revision == _revision + 1);
        foreach (ref readonly Change change in changes)
            _live.Stage(change);
        _revision = revision;
        if (_live.StagedCost >= StagedCostMax)
            Deliver();
    }

    public void OnRequest(long revision, HubRequest request)
    {
        Deliver();

        // Without a watcher nothing is published, and this is how the revision is heard of.
        if (request is not HubRequest.Skip)
            _revision = Math.Max(_revision, revision);

        switch (request)
        {
            case HubRequest.Create create:
                OnCreate(create);
                create.Stream.OnAnswered();
                break;
            case HubRequest.Cancel cancel:
                OnCancel(cancel.Stream, cancel.WatchId);
                cancel.Stream.OnAnswered();
                break;
            case HubRequest.Progress progress:
                OnProgress(progress.Stream);
                progress.Stream.OnAnswered();
                break;
            case HubRequest.Room room:
                OnRoom(room.Stream);
                break;
            case HubRequest.Close close:
                OnClose(close.Stream);
                break;
            case HubRequest.Tick tick:
                OnTick(tick.Now);
                break;
            case HubRequest.Skip skip:
                OnSkip(skip.Revision);
                break;
        }
    }

    /// <summary>Hands what is staged to the streams. Those that are full keep their watchers waiting.</summary>
    public void Deliver()
    {
        if (_live.StagedCost == 0)
            return;
        _delivery.Hand(_live.TakeStaged(), from: 0, _revision);
        foreach (Watcher refused in _delivery.Refused)
        {
            _live.Remove(refused);
            _counters.AddSlowWatchers(1);
        }

        KeepRefusedWaiting();
    }

    /// <summary>Takes one step for watchers that are behind.</summary>
    public void CatchUp()
    {
        if (_catchUp.Count == 0)
            return;

        long compactRevision = _history.CompactRevision;
        _catchUp.TakeLost(compactRevision, _moved);
        foreach (Watcher lost in _moved)
        {
            lost.State = WatcherState.Lost;
            _lostInterest++;
            _counters.AddSlowWatchers(-1);
            _delivery.Hand(lost.Stream, WatchNotice.Compacted(lost.Id, compactRevision));
        }

        _moved.Clear();
        if (_catchUp.Count == 0)
            return;

        _catchUp.Step(_revision, _delivery, _moved);
        KeepRefusedWaiting();
        foreach (Watcher arrived in _moved)
        {
            arrived.State = WatcherState.Live;
            _live.Add(arrived);
            _counters.AddSlowWatchers(-1);
        }

        foreach (Watcher arrived in _moved)
            PayProgress(arrived.Stream);
        _moved.Clear();
    }

    public void WakeConsumers() => _delivery.WakeConsumers();

    private void OnCreate(HubRequest.Create request)
    {
        WatchStream stream = request.Stream;
        WatchCreate wanted = request.Watcher;
        if (request.Refusal is { } refusal)
            Refuse(stream, refusal);
        else if (wanted.StartRevision < 0)
            Refuse(stream, KvErrorTable.Text(KvError.Compacted));
        else if (wanted.Range.IsEmpty)
            Refuse(stream, RangeIsEmpty);
        else if (wanted.WatchId != 0 && stream.State.Watchers.ContainsKey(wanted.WatchId))
            Refuse(stream, IdIsTaken);
        else if (stream.State.IsClosed)
            _lostInterest++;
        else
            Add(stream, wanted);
    }

    private void Refuse(WatchStream stream, string reason)
    {
        _lostInterest++;
        _delivery.Hand(stream, WatchNotice.Refused(_revision, reason));
    }

    private void Add(WatchStream stream, WatchCreate wanted)
    {
        StreamState state = stream.State;
        long id = wanted.WatchId != 0 ? wanted.WatchId : state.ChooseId();
        var watcher = new Watcher(stream, id, wanted)
        {
            Next = wanted.StartRevision != 0 ? wanted.StartRevision : _revision + 1,
        };
        state.Watchers.Add(id, watcher);
        _counters.AddWatchers(1);
        _delivery.Hand(stream, WatchNotice.Created(id, _revision));
        if (watcher.Next > _revision)
        {
            _live.Add(watcher);
        }
        else
        {
            _catchUp.Add(watcher);
            _counters.AddSlowWatchers(1);
        }

        if (wanted.ProgressNotify)
            _schedule.Start(state);
        if (state.ListIndex is null)
        {
            state.ListIndex = _streams.Count;
            _streams.Add(stream);
        }
    }

    private void OnCancel(WatchStream stream, long watchId)
    {
        if (!stream.State.Watchers.Remove(watchId, out Watcher? watcher))
            return;
        Forget(watcher);
        _delivery.Hand(stream, WatchNotice.Canceled(watchId, _revision));
        PayProgress(stream);
    }

    private void OnClose(WatchStream stream)
    {
        StreamState state = stream.State;
        if (state.IsClosed)
            return;
        state.IsClosed = true;
        _counters.AddStreams(-1);
        foreach (Watcher watcher in state.Watchers.Values)
            Forget(watcher);
        state.Watchers.Clear();

        if (state.ListIndex is { } index)
        {
            WatchStream last = _streams[^1];
            _streams[index] = last;
            last.State.ListIndex = index;
            _streams.RemoveAt(_streams.Count - 1);
        }
    }

    private void Forget(Watcher watcher)
    {
        switch (watcher.State)
        {
            case WatcherState.Live:
                _live.Remove(watcher);
                break;
            case WatcherState.Behind:
                _catchUp.Remove(watcher);
                break;
        }

        _counters.AddWatchers(-1);
        if (watcher.State is WatcherState.Behind or WatcherState.Waiting)
            _counters.AddSlowWatchers(-1);
        if (watcher.State != WatcherState.Lost)
            _lostInterest++;
    }

    /// <summary>Answers at once if all watchers of the stream are live and have started. If some are only behind, that
    /// is promised for when they no longer are, which etcd leaves to the client to ask again.</summary>
    private void OnProgress(WatchStream stream)
    {
        StreamState state = stream.State;
        state.OwesProgress = false;
        if (state.Watchers.Count == 0)
            return;

        bool someAreBehind = false;
        foreach (Watcher watcher in state.Watchers.Values)
        {
            if (watcher.State == WatcherState.Lost || watcher.Request.StartRevision > _revision)
                return;
            someAreBehind |= watcher.State != WatcherState.Live;
        }

        state.OwesProgress = someAreBehind;
        if (!someAreBehind)
            _delivery.Hand(stream, WatchNotice.Progress(WatchNotice.NoWatcher, _revision));
    }

    private void PayProgress(WatchStream stream)
    {
        if (stream.State.OwesProgress)
            OnProgress(stream);
    }

    private void OnRoom(WatchStream stream)
    {
        foreach (Watcher watcher in stream.State.Watchers.Values)
        {
            if (watcher.State == WatcherState.Waiting)
                _catchUp.Add(watcher);
        }
    }

    private void OnTick(TimeSpan now)
    {
        _schedule.OnTick(now);
        foreach (WatchStream stream in _streams)
        {
            if (!_schedule.TakeDue(stream.State))
                continue;
            foreach (Watcher watcher in stream.State.Watchers.Values)
                TellProgress(watcher);
        }
    }

    private void TellProgress(Watcher watcher)
    {
        bool wasQuiet = !watcher.HeardOfLate;
        watcher.HeardOfLate = false;
        bool isDue = watcher.Request.ProgressNotify
            && wasQuiet
            && watcher.State == WatcherState.Live
            && watcher.Request.StartRevision <= _revision;

        // A consumer that does not read would otherwise gather these for ever.
        if (isDue && watcher.Stream.Outbox.Notices < _limits.RequestsMax)
            _delivery.Hand(watcher.Stream, WatchNotice.Progress(watcher.Id, _revision));
    }

    /// <summary>Revisions were not published: who wants them reads them from history.</summary>
    private void OnSkip(long revision)
    {
        Deliver();
        foreach (WatchStream stream in _streams)
        {
            foreach (Watcher watcher in stream.State.Watchers.Values)
            {
                long next = Math.Max(watcher.Next, _revision + 1);
                if (watcher.State != WatcherState.Live || next > revision)
                    continue;
                watcher.Next = next;
                _live.Remove(watcher);
                _catchUp.Add(watcher);
                _counters.AddSlowWatchers(1);
            }
        }

        _revision = revision;
    }

    private void KeepRefusedWaiting()
    {
        foreach (Watcher refused in _delivery.Refused)
            refused.State = WatcherState.Waiting;
        _delivery.Refused.Clear();
    }
}
