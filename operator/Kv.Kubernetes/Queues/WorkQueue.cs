using Kv.Kubernetes.Metrics;

namespace Kv.Kubernetes.Queues;

/// <summary>Keys that need work. A key that is added while it waits is there once; one that is added while it is being
/// worked on is there again once that work ends. So no two workers ever hold one key, and no change that came during
/// the work is missed. A key may also be added for later: of several times the earliest counts, and work in between
/// does not cancel it. There are never more keys than objects, which bounds the queue.</summary>
public sealed class WorkQueue<TKey> : IDisposable, IQueueGauges
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Queue<TKey> _ready = new();
    private readonly Dictionary<TKey, long> _dirty = []; // since when
    private readonly Dictionary<TKey, long> _working = []; // since when
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly DelayedKeys<TKey> _delayed;
    private readonly SemaphoreSlim _available = new(0);
    private readonly WorkQueueOptions _options;
    private readonly WorkQueueMetrics _metrics;
    private readonly TimeProvider _time;

    public WorkQueue(string name, WorkQueueOptions options, RuntimeMetrics metrics, TimeProvider? time = null)
    {
        Name = name;
        _options = options;
        _metrics = metrics.Queues;
        _time = time ?? TimeProvider.System;
        _delayed = new DelayedKeys<TKey>(Add, _time);
        _metrics.Track(name, this);
    }

    public string Name { get; }

    public int Depth
    {
        get
        {
            lock (_gate)
                return _ready.Count;
        }
    }

    TimeSpan IQueueGauges.UnfinishedWork
    {
        get
        {
            lock (_gate)
                return _working.Values.Aggregate(TimeSpan.Zero, (sum, start) => sum + _time.GetElapsedTime(start));
        }
    }

    TimeSpan IQueueGauges.LongestRunning
    {
        get
        {
            lock (_gate)
                return _working.Count == 0 ? TimeSpan.Zero : _time.GetElapsedTime(_working.Values.Min());
        }
    }

    public void Add(TKey key)
    {
        lock (_gate)
        {
            if (!_dirty.TryAdd(key, _time.GetTimestamp()))
                return;
            _metrics.CountAdd(Name);
            if (!_working.ContainsKey(key))
                Enqueue(key);
        }
    }

    /// <summary>Adds the key after a while, or earlier if that has been asked for before.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
            Add(key);
        else
            _delayed.Add(key, delay);
    }

    /// <summary>Adds a key whose work has failed, after a time that grows with the failures.</summary>
    /// <returns>That time.</returns>
    public TimeSpan AddRateLimited(TKey key)
    {
        TimeSpan delay;
        lock (_gate)
        {
            int failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
            double factor = Math.Pow(2, Math.Min(failures, 40));
            delay = _options.BackoffMax / factor < _options.BackoffFirst
                ? _options.BackoffMax
                : _options.BackoffFirst * factor;
        }

        _metrics.CountRetry(Name);
        AddAfter(key, delay);
        return delay;
    }

    /// <summary>The next failure of this key is its first again.</summary>
    public void Forget(TKey key)
    {
        lock (_gate)
            _failures.Remove(key);
    }

    /// <summary>Waits for a key. Whoever takes it says <see cref="Done"/> in the end, whatever happens.</summary>
    public async Task<TKey> TakeAsync(CancellationToken stop)
    {
        await _available.WaitAsync(stop);
        lock (_gate)
        {
            var key = _ready.Dequeue();
            _dirty.Remove(key, out long since);
            _working[key] = _time.GetTimestamp();
            _metrics.CountWait(Name, _time.GetElapsedTime(since));
            return key;
        }
    }

    /// <exception cref="InvalidOperationException">Nobody works on this key.</exception>
    public void Done(TKey key)
    {
        lock (_gate)
        {
            if (!_working.Remove(key, out long since))
                throw new InvalidOperationException($"Nobody works on {key}.");
            _metrics.CountWork(Name, _time.GetElapsedTime(since));
            if (_dirty.ContainsKey(key))
                Enqueue(key);
        }
    }

    public void Dispose()
    {
        _delayed.Dispose();
        _available.Dispose();
    }

    private void Enqueue(TKey key)
    {
        _ready.Enqueue(key);
        _available.Release();
    }
}
