using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Peers;
using Kv.Store.Leases;

namespace Kv.Server.Membership;

/// <summary>How long leases live is known to the leader alone: what clients ask of any member about it is answered
/// here, or passed on to the leader.</summary>
internal sealed class LeaseDesk(
    LeaseBook book, LeaseClock clock, LoggedRequests log, ReplicaView view, LeaderCalls leader, TimeProvider time)
{
    private const int NotFound = 404;
    private const int Late = 408;
    private const int Bad = 400;
    private const int Demoted = 500;

    private const string NotPrimary = "not a primary lessor";
    private const string LeaseNotFound = "lease not found";

    private static readonly TimeSpan ApplyPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ApplyLook = TimeSpan.FromMilliseconds(2);

    /// <summary>Begins a lease's life anew; returns its time to live in seconds, 0 if the lease is gone. Throws with
    /// etcd's status if no leader answers.</summary>
    public async Task<long> RenewAsync(long id, CancellationToken cancelled)
    {
        if (clock.IsPrimary)
        {
            PeerAnswer<long> own = await RenewHereAsync(id);
            if (Knows(own.Status))
                return own.Value;
        }

        Renewal renewal = await leader.AskAsync(
            async () => ToRenewal(await RenewHereAsync(id)),
            async (url, limit) => ToRenewal(await leader.Peers.KeepAliveAsync(url, id, limit)),
            cancelled);
        return renewal.Ttl;
    }

    /// <summary>The same for another member, if this one leads.</summary>
    public async ValueTask<PeerAnswer<long>> RenewForPeerAsync(long id, CancellationToken cancelled) =>
        await IsCaughtUpAsync(cancelled)
            ? await RenewHereAsync(id)
            : PeerAnswer.Refuse<long>(Late, "waiting for node to catch up its applied index has timed out");

    /// <summary>What is left of a lease, with its keys if asked for; TTL -1 if it is gone.</summary>
    public async Task<LeaseTimeToLiveResponse> TimeToLiveAsync(
        LeaseTimeToLiveRequest request, CancellationToken cancelled)
    {
        if (clock.IsPrimary)
            return TimeToLiveHere(request);
        return await leader.AskAsync(
            () => Task.FromResult<LeaseTimeToLiveResponse?>(clock.IsPrimary ? TimeToLiveHere(request) : null),
            async (url, limit) => ToLife(request, await leader.Peers.TimeToLiveAsync(url, request, limit)),
            cancelled);
    }

    public async ValueTask<PeerAnswer<LeaseTimeToLiveResponse>> TimeToLiveForPeerAsync(
        LeaseTimeToLiveRequest request, CancellationToken cancelled)
    {
        if (!await IsCaughtUpAsync(cancelled))
        {
            return PeerAnswer.Refuse<LeaseTimeToLiveResponse>(
                Late, "waiting for node to catch up its applied index has timed out");
        }

        if (!clock.IsPrimary)
            return PeerAnswer.Refuse<LeaseTimeToLiveResponse>(Demoted, NotPrimary);
        LeaseTimeToLiveResponse life = TimeToLiveHere(request);
        return life.TTL < 0
            ? PeerAnswer.Refuse<LeaseTimeToLiveResponse>(NotFound, LeaseNotFound)
            : PeerAnswer.Of(life);
    }

    private static bool Knows(int status) => status is 200 or NotFound;

    private static Renewal? ToRenewal(PeerAnswer<long> answer) =>
        Knows(answer.Status) ? new Renewal(answer.Value) : null;

    private static LeaseTimeToLiveResponse? ToLife(
        LeaseTimeToLiveRequest request, PeerAnswer<LeaseTimeToLiveResponse> answer) => answer.Status switch
        {
            NotFound => new LeaseTimeToLiveResponse { ID = request.ID, TTL = -1 },
            _ => answer.Value,
        };

    private async Task<PeerAnswer<long>> RenewHereAsync(long id)
    {
        LeaseRenewal renewal = clock.Renew(id, out long ttl);
        if (renewal == LeaseRenewal.MustClearCheckpoint)
        {
            try
            {
                await ClearCheckpointAsync(id);
            }
            catch (RpcException)
            {
                return PeerAnswer.Refuse<long>(Bad, NotPrimary); // who leads next will be asked again
            }

            renewal = clock.Renew(id, out ttl);
        }

        return renewal switch
        {
            LeaseRenewal.Renewed => PeerAnswer.Of(ttl),
            LeaseRenewal.NotFound => PeerAnswer.Refuse<long>(NotFound, LeaseNotFound),
            _ => PeerAnswer.Refuse<long>(Bad, NotPrimary),
        };
    }

    private async Task ClearCheckpointAsync(long id)
    {
        var checkpoint = new LeaseCheckpointRequest
        {
            Checkpoints = { new Etcdserverpb.LeaseCheckpoint { ID = id, RemainingTTL = 0 } },
        };
        await log.ProposeAsync(new InternalRaftRequest { LeaseCheckpoint = checkpoint });
    }

    private LeaseTimeToLiveResponse TimeToLiveHere(LeaseTimeToLiveRequest request)
    {
        var response = new LeaseTimeToLiveResponse { ID = request.ID, TTL = -1 };
        if (!clock.TryGetLife(request.ID, out LeaseLife life))
            return response;
        response.TTL = life.RemainingTtl;
        response.GrantedTTL = life.GrantedTtl;
        if (request.Keys && book.TryGetKeys(request.ID, out byte[][]? keys))
            response.Keys.AddRange(keys.Select(key => UnsafeByteOperations.UnsafeWrap(key)));
        return response;
    }

    // Whoever was granted the lease was told so by a member that had applied it; this one may have yet to.
    private async ValueTask<bool> IsCaughtUpAsync(CancellationToken cancelled)
    {
        ulong goal = view.Committed;
        if (view.Applied >= goal)
            return true;
        long start = time.GetTimestamp();
        using var timer = new PeriodicTimer(ApplyLook, time);
        while (view.Applied < goal)
        {
            if (time.GetElapsedTime(start) > ApplyPatience)
                return false;
            await timer.WaitForNextTickAsync(cancelled);
        }

        return true;
    }

    private sealed record Renewal(long Ttl);
}
