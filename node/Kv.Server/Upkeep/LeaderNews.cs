using Kv.Raft;
using Kv.Replication;
using Kv.Server.Logging;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Upkeep;

/// <summary>Tells the log who leads, as far as this member knows. Looks a few times a second: whoever led for less is
/// no news.</summary>
internal sealed class LeaderNews(ReplicaView view, ulong memberId, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private NodeId _leader;

    /// <summary>Returns when the node stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
                Look();
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    /// <summary>One look. To be called before the loop runs, and by the loop.</summary>
    public void Look()
    {
        TermView now = view.Now;
        NodeId leader = now.Leader;
        if (leader == _leader)
            return;
        _leader = leader;
        if (leader == NodeId.None)
            Log.LostLeader(log, MemberIds.ToText(memberId), now.Term);
        else
            Log.ElectedLeader(log, MemberIds.ToText(memberId), MemberIds.ToText(leader.Value), now.Term);
    }
}
