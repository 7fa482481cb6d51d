using Kv.Raft;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Metrics;
using Kv.Store;
using Kv.Store.Watching;

namespace Kv.Server.Startup;

/// <summary>Lets the metrics read what the parts of a node know of themselves: nothing is counted twice, and nothing
/// is computed unless somebody scrapes.</summary>
internal static class NodeGauges
{
    public static void Connect(NodeMetrics metrics, OpenedMember member, ReplicaView view, Quota quota)
    {
        StoreParts store = member.Store;
        metrics.Server.SetId(MemberIds.ToText(member.MemberId));
        metrics.Server.QuotaBytes.Set(quota.Bytes);
        metrics.Server.AuthRevision.ReadFrom(() => store.Auth.Revision);
        metrics.Server.Role.IsLearner.ReadFrom(
            () => store.Members.Find(member.MemberId) is { IsLearner: true } ? 1 : 0);
        ConnectReplica(metrics.Server, view);
        ConnectStore(metrics.Mvcc, store);
    }

    public static void ConnectWatch(WatchMetrics metrics, WatchCounters counters)
    {
        metrics.Streams.ReadFrom(() => counters.Streams);
        metrics.Watchers.ReadFrom(() => counters.Watchers);
        metrics.SlowWatchers.ReadFrom(() => counters.SlowWatchers);
        metrics.PendingEvents.ReadFrom(() => counters.PendingEvents);
        metrics.Events.ReadFrom(() => counters.Events);
    }

    private static void ConnectReplica(ServerMetrics metrics, ReplicaView view)
    {
        metrics.Role.HasLeader.ReadFrom(() => view.Leader == NodeId.None ? 0 : 1);
        metrics.Role.IsLeader.ReadFrom(() => view.IsLeader ? 1 : 0);
        metrics.Role.LeaderChanges.ReadFrom(() => view.LeaderChanges);
        metrics.Proposals.Committed.ReadFrom(() => view.Committed);
        metrics.Proposals.Applied.ReadFrom(() => view.Applied);
        metrics.Proposals.Pending.ReadFrom(() => metrics.Proposals.Begun.Value - metrics.Proposals.Ended.Value);
    }

    private static void ConnectStore(MvccMetrics metrics, StoreParts store)
    {
        metrics.CurrentRevision.ReadFrom(() => store.Kv.CurrentRevision);
        metrics.Keys.ReadFrom(() => store.Kv.KeyCount);
        metrics.CompactRevision.ReadFrom(() => store.Kv.CompactRevision);
        metrics.DatabaseBytes.ReadFrom(() => store.Backend.FileBytes);
        metrics.DatabaseBytesInUse.ReadFrom(() => store.Backend.InUseBytes);
        metrics.OpenReads.ReadFrom(() => store.Backend.OpenReadCount);
        metrics.Puts.ReadFrom(() => store.Kv.Counts.Puts);
        metrics.PutBytes.ReadFrom(() => store.Kv.Counts.PutBytes);
        metrics.Deletes.ReadFrom(() => store.Kv.Counts.Deletes);
        metrics.Ranges.ReadFrom(() => store.Kv.Counts.Ranges);
        metrics.Transactions.ReadFrom(() => store.Kv.Counts.Transactions);
    }
}
