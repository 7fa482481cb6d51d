namespace Kv.Store.Watching;

/// <summary>Figures for metrics, to be read from any thread.</summary>
public sealed class WatchCounters
{
    private readonly PendingTotal _pending;
    private long _streams;
    private long _watchers;
    private long _slowWatchers;
    private long _events;

    internal WatchCounters(PendingTotal pending) => _pending = pending;

    public long Streams => Volatile.Read(ref _streams);

    public long Watchers => Volatile.Read(ref _watchers);

    /// <summary>Watchers that are behind.</summary>
    public long SlowWatchers => Volatile.Read(ref _slowWatchers);

    /// <summary>Events given to streams and not yet written to their clients.</summary>
    public long PendingEvents => _pending.Events;

    /// <summary>What these cost in memory, counted for each watcher as if it were not shared.</summary>
    public long PendingBytes => _pending.Cost;

    /// <summary>Events given to streams since the start.</summary>
    public long Events => Volatile.Read(ref _events);

    internal void AddStreams(int count) => Interlocked.Add(ref _streams, count);

    internal void AddWatchers(int count) => Interlocked.Add(ref _watchers, count);

    internal void AddSlowWatchers(int count) => Interlocked.Add(ref _slowWatchers, count);

    internal void AddEvents(int count) => Interlocked.Add(ref _events, count);
}
