using Etcdserverpb;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Configuration;
using Kv.Store;

namespace Kv.Server.Upkeep;

/// <summary>Gives history up as <c>--auto-compaction-mode</c> and <c>--auto-compaction-retention</c> say. Only the
/// leader
/// does, but all members keep count, so that a new leader need not begin anew.</summary>
internal sealed class AutoCompactor(
    AutoCompaction rule, MvccStore store, ReplicaView view, LoggedRequests log, TimeProvider time)
{
    // How often the rule by revisions is looked at; the same in etcd.
    private static readonly TimeSpan RevisionInterval = TimeSpan.FromMinutes(5);

    /// <summary>Returns when the node stops.</summary>
    public Task RunAsync(CancellationToken stop) => rule switch
    {
        AutoCompaction.ByAge byAge => RunByAgeAsync(new RevisionHistory(byAge.Retention), stop),
        AutoCompaction.ByRevisions byRevisions => RunByRevisionsAsync(byRevisions.Retention, stop),
        _ => Task.CompletedTask,
    };

    private async Task RunByAgeAsync(RevisionHistory history, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(history.Interval, time);
        while (await WaitAsync(timer, stop))
            await CompactAsync(history.Sample(store.CurrentRevision));
    }

    private async Task RunByRevisionsAsync(long retention, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(RevisionInterval, time);
        while (await WaitAsync(timer, stop))
            await CompactAsync(store.CurrentRevision - retention);
    }

    private async Task CompactAsync(long revision)
    {
        if (!view.IsLeader || revision <= Math.Max(store.CompactRevision, 0))
            return;

        try
        {
            await log.ProposeAsync(new InternalRaftRequest
            {
                Compaction = new CompactionRequest { Revision = revision },
            });
        }
        catch (RpcException)
        {
            // Somebody else compacted further, or there is no leader now: the next round sees.
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
