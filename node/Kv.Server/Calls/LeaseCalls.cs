using System.Security.Cryptography;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Server.Membership;
using Kv.Store;
using Kv.Store.Leases;

namespace Kv.Server.Calls;

/// <summary>The Lease service. Granting and revoking go through the log; how long a lease still lives only the leader
/// knows.</summary>
internal sealed class LeaseCalls(
    LeaseBook book,
    LeaseClock clock,
    LeaseDesk desk,
    LoggedRequests log,
    Quota quota,
    LinearizableReads reads,
    Gate gate,
    ResponseHeaders headers) : Lease.LeaseBase
{
    public override async Task<LeaseGrantResponse> LeaseGrant(LeaseGrantRequest request, ServerCallContext context)
    {
        Caller caller = gate.RequireUser(context);
        Refusal.ThrowIfRefused(LeaseBook.CheckTtl(request.TTL));
        if (quota.Check(QuotaCost.LeaseGrant) != KvError.None)
        {
            await quota.RaiseAsync();
            throw Refusal.ToException(KvError.NoSpace);
        }

        if (request.ID == 0)
            request.ID = NewId();
        LeaseGrantResponse response =
            await log.ProposeAsync<LeaseGrantResponse>(new InternalRaftRequest { LeaseGrant = request }, caller);
        response.Header = headers.Now();
        return response;
    }

    public override async Task<LeaseRevokeResponse> LeaseRevoke(LeaseRevokeRequest request, ServerCallContext context)
    {
        Caller caller = gate.RequireUser(context);
        await log.ProposeAsync(new InternalRaftRequest { LeaseRevoke = request }, caller);
        return new LeaseRevokeResponse { Header = headers.Now() };
    }

    public override async Task LeaseKeepAlive(
        IAsyncStreamReader<LeaseKeepAliveRequest> requestStream,
        IServerStreamWriter<LeaseKeepAliveResponse> responseStream,
        ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            Caller caller = gate.RequireUser(context);
            long id = requestStream.Current.ID;
            Refusal.ThrowIfRefused(gate.CheckLease(caller, id)); // whoever keeps a lease alive keeps its keys
            var response = new LeaseKeepAliveResponse { Header = headers.Now(), ID = id };
            response.TTL = await desk.RenewAsync(id, context.CancellationToken);
            await responseStream.WriteAsync(response, context.CancellationToken);
        }
    }

    public override async Task<LeaseTimeToLiveResponse> LeaseTimeToLive(
        LeaseTimeToLiveRequest request, ServerCallContext context)
    {
        Caller caller = gate.RequireUser(context);
        await reads.ConfirmAsync();
        LeaseTimeToLiveResponse response = await desk.TimeToLiveAsync(request, context.CancellationToken);
        response.Header = headers.Now();
        if (!gate.IsRoot(caller))
        {
            foreach (ByteString key in response.Keys)
                Refusal.ThrowIfRefused(gate.CheckRead(caller, key.Span, default));
        }

        return response;
    }

    public override Task<LeaseLeasesResponse> LeaseLeases(LeaseLeasesRequest request, ServerCallContext context)
    {
        Caller caller = gate.RequireUser(context);
        long[] ids = clock.IdsByRemainingTime();
        if (!gate.IsRoot(caller))
            RequireReadOfAll(ids, caller);
        var response = new LeaseLeasesResponse { Header = headers.Now() };
        response.Leases.AddRange(ids.Select(id => new LeaseStatus { ID = id }));
        return Task.FromResult(response);
    }

    private static long NewId()
    {
        Span<byte> random = stackalloc byte[sizeof(long)];
        RandomNumberGenerator.Fill(random);
        return Math.Max(1, BitConverter.ToInt64(random) & long.MaxValue);
    }

    private void RequireReadOfAll(long[] ids, Caller caller)
    {
        foreach (long id in ids)
        {
            if (!book.TryGetKeys(id, out byte[][]? keys))
                continue;
            foreach (byte[] key in keys)
                Refusal.ThrowIfRefused(gate.CheckRead(caller, key, default));
        }
    }
}
