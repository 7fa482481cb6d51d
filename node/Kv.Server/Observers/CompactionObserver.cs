using System.Diagnostics;
using Kv.Server.Cli;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>Times compactions and their steps, and tells of each that is done. The compaction lane's.</summary>
internal sealed class CompactionObserver(
    CompactionMetrics metrics, Backend backend, TimeProvider time, ILogger log) : ICompactionObserver
{
    private long _start;
    private long _stepStart;

    public void OnStarting(long revision) => _start = Stopwatch.GetTimestamp();

    public void OnIndexCompacted() =>
        metrics.IndexPause.Observe(Stopwatch.GetElapsedTime(_start).TotalMilliseconds);

    public void OnStepping() => _stepStart = Stopwatch.GetTimestamp();

    public void OnStepped() => metrics.Pause.Observe(Stopwatch.GetElapsedTime(_stepStart).TotalMilliseconds);

    public void OnFinished(long revision, long rows, uint hash)
    {
        TimeSpan took = Stopwatch.GetElapsedTime(_start);
        metrics.Total.Observe(took.TotalMilliseconds);
        metrics.Keys.Add(rows);
        metrics.Last.Set(time.GetUtcNow().ToUnixTimeSeconds());
        long bytes = backend.FileBytes;
        long inUse = backend.InUseBytes;
        Log.FinishedCompaction(
            log, revision, took, hash, bytes, HumanBytes.Format(bytes), inUse, HumanBytes.Format(inUse));
    }
}
