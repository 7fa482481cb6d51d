using Kv.Replication;
using Kv.Server.Configuration;
using Kv.Server.Peers;

namespace Kv.Server.Startup;

/// <summary>Brings the first election forward (<c>--initial-election-tick-advance</c>). Whoever starts waits for a
/// leader to be heard from, and if the whole cluster starts there is none; so once most of the others can be reached
/// and would have been heard, nearly an election timeout is taken for passed. The rule is etcd's: two ticks are left
/// for a slow leader's heartbeat, and after five seconds it is no use any more.</summary>
internal sealed class FirstTicks(TimingSettings timing, PeerTransport transport, Inbox inbox, TimeProvider time)
{
    private const int TicksLeft = 2;
    private const int ReachableMin = 2;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Returns when that is done, of no use, or the node stops. A lone member needs none of it: it stands for
    /// election at once.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        if (!timing.SkipsFirstTicks)
            return;
        using var timer = new PeriodicTimer(Interval, time);
        for (TimeSpan waited = TimeSpan.Zero; waited < Patience; waited += Interval)
        {
            if (transport.ActiveCount >= ReachableMin)
            {
                inbox.Post(ReplicaEvent.SkipTicks(timing.ElectionTicks - TicksLeft));
                return;
            }

            Task tick = timer.WaitForNextTickAsync(stop).AsTask();
            await tick.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
                return;
        }
    }
}
