using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Grpc.Local;
using Mvccpb;
using V3electionpb;

namespace Kv.Server.Coordination;

/// <summary>The Election service: who is first in the <see cref="KeyLine"/> of an election leads, and the value of its
/// key is what it has to say.</summary>
internal sealed class ElectionCalls(LocalCallInvoker server) : Election.ElectionBase
{
    private const string NoLeader = "election: no leader";
    private const string NotLeader = "election: not leader";
    private const string LeaderMissing = "\"leader\" field must be provided";
    private const string ObservedTooShort = "election: observe closed early";

    public override Task<CampaignResponse> Campaign(CampaignRequest request, ServerCallContext context) =>
        Answers.GiveAsync(CampaignAsync(request, context));

    public override Task<ProclaimResponse> Proclaim(ProclaimRequest request, ServerCallContext context) =>
        Answers.GiveAsync(ProclaimAsync(request, context));

    public override Task<LeaderResponse> Leader(LeaderRequest request, ServerCallContext context) =>
        Answers.GiveAsync(LeaderAsync(request, context));

    public override Task<ResignResponse> Resign(ResignRequest request, ServerCallContext context) =>
        Answers.GiveAsync(ResignAsync(request, context));

    /// <summary>Tells who leads, and of every change of that: of the value, and of the leader.</summary>
    public override async Task Observe(
        LeaderRequest request, IServerStreamWriter<LeaderResponse> responseStream, ServerCallContext context)
    {
        CancellationToken cancelled = context.CancellationToken;
        var store = new StoreCalls(server, context);
        var line = new KeyLine(store, request.Name);
        try
        {
            while (true)
            {
                RangeResponse first = await line.FirstAsync(cancelled);
                WatchedKey leader = first.Kvs.Count > 0
                    ? new WatchedKey(first.Header, first.Kvs[0], IsDeleted: false)
                    : await line.NextPutAsync(first.Header.Revision, cancelled);
                await responseStream.WriteAsync(Tell(leader), cancelled);
                await FollowAsync(store, leader, responseStream, cancelled);
            }
        }
        catch (RpcException)
        {
            throw Answers.Refuse(ObservedTooShort);
        }
    }

    private static async Task FollowAsync(
        StoreCalls store, WatchedKey leader, IServerStreamWriter<LeaderResponse> responses,
        CancellationToken cancelled)
    {
        using var events = new KeyEvents(
            store, leader.Kv.Key, ByteString.Empty, leader.Header.Revision + 1, cancelled);
        while (await events.NextAsync() is { IsDeleted: false } changed)
            await responses.WriteAsync(Tell(changed), cancelled);
    }

    private static LeaderResponse Tell(WatchedKey leader) => new() { Header = leader.Header, Kv = leader.Kv };

    private static LeaderKey Require(LeaderKey? leader) => leader ?? throw Answers.Refuse(LeaderMissing);

    private async Task<CampaignResponse> CampaignAsync(CampaignRequest request, ServerCallContext context)
    {
        var store = new StoreCalls(server, context);
        long lease = await store.LeaseOrNewAsync(request.Lease);
        var line = new KeyLine(store, request.Name);
        ByteString key = line.KeyOf(lease);
        TxnResponse entered = await store.TxnAsync(new TxnRequest
        {
            Compare = { Conditions.WasCreatedAt(key, revision: 0) },
            Success = { Put(key, request.Value, lease) },
            Failure = { new RequestOp { RequestRange = new RangeRequest { Key = key } } },
        });
        var own = new LeaderKey { Name = request.Name, Key = key, Rev = entered.Header.Revision, Lease = lease };
        KeyValue? before = entered.Succeeded ? null : entered.Responses[0].ResponseRange.Kvs[0];
        if (before is not null)
            own.Rev = before.CreateRevision;
        try
        {
            if (before is not null && !before.Value.Equals(request.Value))
                await ProclaimAsync(store, own, lease, request.Value);
        }
        catch (RpcException)
        {
            await ResignAsync(store, own);
            throw;
        }

        // Only who gives up leaves the line: after any other failure the same lease may come back to its place.
        try
        {
            await line.UntilFirstAsync(own.Rev, context.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            await ResignAsync(store, own);
            throw;
        }

        return new CampaignResponse { Header = entered.Header, Leader = own };
    }

    private async Task<ProclaimResponse> ProclaimAsync(ProclaimRequest request, ServerCallContext context)
    {
        LeaderKey leader = Require(request.Leader);
        var store = new StoreCalls(server, context);
        long lease = await store.LeaseOrNewAsync(leader.Lease);
        return new ProclaimResponse { Header = await ProclaimAsync(store, leader, lease, request.Value) };
    }

    private async Task<LeaderResponse> LeaderAsync(LeaderRequest request, ServerCallContext context)
    {
        var line = new KeyLine(new StoreCalls(server, context), request.Name);
        RangeResponse first = await line.FirstAsync(context.CancellationToken);
        return first.Kvs.Count > 0
            ? new LeaderResponse { Header = first.Header, Kv = first.Kvs[0] }
            : throw Answers.Refuse(NoLeader);
    }

    private async Task<ResignResponse> ResignAsync(ResignRequest request, ServerCallContext context)
    {
        LeaderKey leader = Require(request.Leader);
        return new ResignResponse { Header = await ResignAsync(new StoreCalls(server, context), leader) };
    }

    private static async Task<ResponseHeader> ProclaimAsync(
        StoreCalls store, LeaderKey leader, long lease, ByteString value)
    {
        TxnResponse said = await store.TxnAsync(new TxnRequest
        {
            Compare = { Conditions.WasCreatedAt(leader.Key, leader.Rev) },
            Success = { Put(leader.Key, value, lease) },
        });
        return said.Succeeded ? said.Header : throw Answers.Refuse(NotLeader);
    }

    // Who does not lead any more has nothing to give up, and no error either.
    private static async Task<ResponseHeader> ResignAsync(StoreCalls store, LeaderKey leader)
    {
        var delete = new DeleteRangeRequest { Key = leader.Key };
        TxnResponse given = await store.TxnAsync(new TxnRequest
        {
            Compare = { Conditions.WasCreatedAt(leader.Key, leader.Rev) },
            Success = { new RequestOp { RequestDeleteRange = delete } },
        });
        return given.Header;
    }

    private static RequestOp Put(ByteString key, ByteString value, long lease) =>
        new() { RequestPut = new PutRequest { Key = key, Value = value, Lease = lease } };
}
