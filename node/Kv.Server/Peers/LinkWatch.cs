using System.Collections.Concurrent;

namespace Kv.Server.Peers;

/// <summary>Something that must say, or hear, something from time to time.</summary>
internal interface IWatchedLink
{
    /// <summary>A <see cref="LinkWatch.Period"/> has passed. On a thread of the pool; never two at once.</summary>
    void OnTick();
}

/// <summary>The one timer of all links. A timer of its own for each read and each write would cost more than the reads
/// and writes; this one looks who has been stuck for too long.</summary>
internal sealed class LinkWatch : IDisposable
{
    // Ticks in the time after which a silent link is taken for dead: what is found late is found by a ninth late.
    private const int TicksPerTimeout = 9;

    private readonly ConcurrentDictionary<IWatchedLink, bool> _links = new();
    private readonly ITimer _timer;
    private int _isTicking;

    public LinkWatch(TimeSpan readTimeout, TimeProvider time)
    {
        Period = readTimeout / TicksPerTimeout;
        _timer = time.CreateTimer(_ => Tick(), null, Period, Period);
    }

    /// <summary>How many ticks pass between two heartbeats of a link: three of them in the time after which it would
    /// be taken for dead.</summary>
    public const int HeartbeatTicks = TicksPerTimeout / 3;

    public TimeSpan Period { get; }

    public void Add(IWatchedLink link) => _links.TryAdd(link, true);

    public void Remove(IWatchedLink link) => _links.TryRemove(link, out _);

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        if (Interlocked.Exchange(ref _isTicking, 1) != 0)
            return;
        foreach (KeyValuePair<IWatchedLink, bool> link in _links)
            link.Key.OnTick();
        Volatile.Write(ref _isTicking, 0);
    }
}
