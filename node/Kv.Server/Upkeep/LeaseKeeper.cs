using System.Globalization;
using Etcdserverpb;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Logging;
using Kv.Server.Observers;
using Kv.Store;
using Kv.Store.Leases;
using LeaseCheckpoint = Kv.Store.Leases.LeaseCheckpoint;

namespace Kv.Server.Upkeep;

/// <summary>Revokes, through the log, the leases that have ended, as long as this member leads; and tells the clock of
/// leases when it begins and ceases to lead. Its loop is the clock's one lane.</summary>
internal sealed class LeaseKeeper(
    LeaseClock clock,
    AuthBook auth,
    ReplicaView view,
    LoggedRequests requests,
    TimeProvider time,
    TimeSpan electionTimeout,
    Observation observation)
{
    // How many requests to revoke are under way at once, as in etcd.
    private const int ParallelMax = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly List<long> _expired = [];
    private readonly List<LeaseCheckpoint> _checkpoints = [];

    /// <summary>Takes notice of who leads; also done by the loop. To be called before the loop runs.</summary>
    public void NoticeLeadership()
    {
        if (view.IsLeader && !clock.IsPrimary)
            clock.Promote(electionTimeout);
        else if (!view.IsLeader && clock.IsPrimary)
            clock.Demote();
    }

    /// <summary>Returns when the node stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                NoticeLeadership();
                await RevokeExpiredAsync(stop);
                await TellCheckpointsAsync();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task RevokeExpiredAsync(CancellationToken stop)
    {
        _expired.Clear();
        clock.TakeExpired(_expired);
        if (_expired.Count == 0)
            return;
        await Parallel.ForEachAsync(
            _expired,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelMax, CancellationToken = stop },
            async (id, _) => await RevokeAsync(id));
    }

    // What does not come through now is handed out again after a while.
    private async Task RevokeAsync(long id)
    {
        try
        {
            // In root's name, as etcd does: a member of etcd lets nobody take the keys that hang on a lease.
            Caller root = auth.IsEnabled ? new Caller(AuthBook.Root, auth.Revision) : default;
            await requests.ProposeAsync(
                new InternalRaftRequest { LeaseRevoke = new LeaseRevokeRequest { ID = id } }, root);
            observation.Metrics.Leases.Expired.Increment();
        }
        catch (RpcException refused)
        {
            // Revoked by its client meanwhile, or no leader, or users were changed meanwhile.
            Log.FailedToRevokeLease(
                observation.Log, id.ToString("x16", CultureInfo.InvariantCulture), refused.Status.Detail);
        }
    }

    private async Task TellCheckpointsAsync()
    {
        _checkpoints.Clear();
        clock.TakeCheckpoints(_checkpoints);
        if (_checkpoints.Count == 0)
            return;
        var request = new LeaseCheckpointRequest();
        request.Checkpoints.AddRange(_checkpoints.Select(checkpoint =>
            new Etcdserverpb.LeaseCheckpoint { ID = checkpoint.Id, RemainingTTL = checkpoint.RemainingTtl }));
        try
        {
            await requests.ProposeAsync(new InternalRaftRequest { LeaseCheckpoint = request });
        }
        catch (RpcException)
        {
            // No leader: then there will be another, who tells of them later.
        }
    }
}
