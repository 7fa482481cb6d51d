using System.Diagnostics;
using Kv.Server.Metrics;
using Kv.Store.Watching;

namespace Kv.Server.Observers;

/// <summary>Times what is sent on watch streams: one look at the clock for each response, as the end of one is the
/// beginning of the next. Any thread's.</summary>
internal sealed class WatchObserver(WatchMetrics metrics, RequestMetrics requests)
{
    /// <summary>The moment from which to time the next response.</summary>
    public static long Begin() => Stopwatch.GetTimestamp();

    /// <summary>A response was taken by the connection; returns the moment.</summary>
    public long OnSent(WatchOutput output, long begunAt)
    {
        long now = Stopwatch.GetTimestamp();
        TimeSpan took = Stopwatch.GetElapsedTime(begunAt, now);
        if (output.EventCount > 0)
        {
            metrics.SendEvents.Observe(took);
            metrics.SendPerEvent.Observe(took / output.EventCount);
        }
        else if (output.IsProgress)
        {
            metrics.SendProgress.Observe(took);
        }
        else
        {
            metrics.SendControl.Observe(took);
        }

        return now;
    }

    /// <summary>The client sent what is no request.</summary>
    public void OnReceiveFailed() => requests.StreamFailures.With("watch", "receive").Increment();
}
