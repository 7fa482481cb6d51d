using Kv.Raft;
using Kv.Replication;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Who leads, and how to hand that over.</summary>
internal sealed class Leadership(Inbox inbox, ReplicaView view, TimeProvider time, TimeSpan patience)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    public ReplicaView View => view;

    /// <summary>Returns when the other member leads; throws with etcd's status if it does not in time.</summary>
    public async Task MoveAsync(NodeId to, CancellationToken cancelled)
    {
        inbox.Post(ReplicaEvent.Transfer(to));
        long start = time.GetTimestamp();
        using var timer = new PeriodicTimer(Look, time);
        while (view.Leader != to)
        {
            if (time.GetElapsedTime(start) > patience)
                throw Refusal.ToException(KvError.TimeoutLeaderTransfer);
            await timer.WaitForNextTickAsync(cancelled);
        }
    }
}
