using Kv.Store.Watching;

namespace Kv.Server.Upkeep;

/// <summary>Lets time pass for the watch hub, which sends news of progress by it.</summary>
internal sealed class WatchTicker(WatchHub hub, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when the node stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        long start = time.GetTimestamp();
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                hub.Tick(time.GetElapsedTime(start));
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }
}
