using System.Diagnostics;
using Etcdserverpb;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Configuration;
using Kv.Server.Logging;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Upkeep;

/// <summary>Gives history up as <c>--auto-compaction-mode</c> and <c>--auto-compaction-retention</c> say. Only the
/// leader does, but all members keep count, so that a new leader need not begin anew.</summary>
internal sealed class AutoCompactor(
    AutoCompaction rule, MvccStore store, ReplicaView view, LoggedRequests requests, TimeProvider time, ILogger log)
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
        {
            long revision = history.Sample(store.CurrentRevision);
            if (!IsDue(revision))
                continue;
            long start = Stopwatch.GetTimestamp();
            Log.StartingPeriodicCompaction(log, revision, history.Retention);
            if (await CompactAsync(revision))
            {
                Log.CompletedPeriodicCompaction(
                    log, revision, history.Retention, Stopwatch.GetElapsedTime(start));
            }
        }
    }

    private async Task RunByRevisionsAsync(long retention, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(RevisionInterval, time);
        while (await WaitAsync(timer, stop))
        {
            long revision = store.CurrentRevision - retention;
            if (!IsDue(revision))
                continue;
            long start = Stopwatch.GetTimestamp();
            Log.StartingRevisionCompaction(log, revision, retention);
            if (await CompactAsync(revision))
                Log.CompletedRevisionCompaction(log, revision, retention, Stopwatch.GetElapsedTime(start));
        }
    }

    private bool IsDue(long revision) => view.IsLeader && revision > Math.Max(store.CompactRevision, 0);

    private async Task<bool> CompactAsync(long revision)
    {
        try
        {
            await requests.ProposeAsync(new InternalRaftRequest
            {
                Compaction = new CompactionRequest { Revision = revision },
            });
            return true;
        }
        catch (RpcException refused)
        {
            // Somebody else compacted further, or there is no leader now: the next round sees.
            Log.FailedAutoCompaction(log, revision, refused.Status.Detail);
            return false;
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
