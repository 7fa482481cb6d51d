using System.Diagnostics.CodeAnalysis;

namespace Kv.Store.Watching;

/// <summary>One Watch call of a client, with any number of watchers. The edge makes requests from any thread, and one
/// consumer at a time reads the responses: it calls <see cref="TryRead"/> until there is none, and then waits for
/// the <c>onReady</c> it gave, which is called once, on a thread that must not be kept.</summary>
public sealed class WatchStream
{
    private readonly WatchHub _hub;
    private readonly WatchLimits _limits;
    private readonly Action _onReady;
    private readonly ResponseCutter _cutter;
    private int _requests;

    internal WatchStream(WatchHub hub, WatchLimits limits, PendingTotal total, WatchIdentity identity, Action onReady)
    {
        _hub = hub;
        _limits = limits;
        _onReady = onReady;
        Outbox = new Outbox(limits, total);
        _cutter = new ResponseCutter(limits, new WatchOutput(identity));
    }

    /// <summary>Whether the edge should leave the client's next request unread until the consumer has read
    /// on.</summary>
    public bool IsSaturated => Volatile.Read(ref _requests) + Outbox.Notices >= _limits.RequestsMax;

    internal Outbox Outbox { get; }

    /// <summary>The stream's watchers and what else the hub's lane knows of it.</summary>
    internal StreamState State { get; } = new();

    /// <summary>Asks for a watcher. <paramref name="refuse"/> is asked, at once, whether the range may be watched; what
    /// it returns is the reason given to the client.</summary>
    public void Create(WatchCreate request, Func<WatchRange, string?>? refuse = null)
    {
        Interlocked.Increment(ref _requests);
        _hub.Ask(new HubRequest.Create(this, request, refuse?.Invoke(request.Range)));
    }

    public void Cancel(long watchId)
    {
        Interlocked.Increment(ref _requests);
        _hub.Ask(new HubRequest.Cancel(this, watchId));
    }

    /// <summary>Asks how far all watchers of the stream have been told.</summary>
    public void RequestProgress()
    {
        Interlocked.Increment(ref _requests);
        _hub.Ask(new HubRequest.Progress(this));
    }

    /// <summary>Takes the next response. The one before counts as written, so its consumer must have flushed
    /// it.</summary>
    public bool TryRead([NotNullWhen(true)] out WatchOutput? output)
    {
        if (_cutter.TakeWritten(out long cost, out int events) && Outbox.Release(cost, events))
            _hub.Ask(new HubRequest.Room(this));

        output = _cutter.TryCut(Outbox);
        return output is not null;
    }

    /// <summary>The consumer is gone. Nothing can be read after it.</summary>
    public void Close()
    {
        Outbox.Close();
        _hub.Ask(new HubRequest.Close(this));
    }

    internal void Wake() => _onReady();

    /// <summary>The hub has dealt with a request; an edge that held back may go on.</summary>
    internal void OnAnswered()
    {
        if (Interlocked.Decrement(ref _requests) == _limits.RequestsMax / 2 && Outbox.Nudge())
            Wake();
    }
}
