using System.Net;
using Etcdserverpb;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Apply;
using Kv.Node.Tests.Logging;
using Kv.Node.Tests.Replication;
using Kv.Node.Tests.Store;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Membership;
using Kv.Server.Metrics;
using Kv.Server.Observers;
using Kv.Server.Tokens;
using Kv.Server.Upkeep;
using Kv.Store;
using Kv.Store.Leases;
using Kv.Testing;
using Kind = Authpb.Permission.Types.Type;
using LeaseService = Etcdserverpb.Lease;
using Metadata = Grpc.Core.Metadata;

namespace Kv.Node.Tests.Calls;

/// <summary>Keys and leases over HTTP/2, on a member that has to ask its cluster about each write and each linearizable
/// read: what the cluster says, and when, is up to the test.</summary>
internal sealed class CallServer : IAsyncDisposable
{
    private readonly NodeMetrics _metrics = new(() => []);
    private readonly Inbox _inbox = new(requestsMax: 100);
    private readonly Queue<ReplicaEvent> _asked = new();
    private readonly SimpleTokens _tokens;
    private readonly LearnerRule _learner;
    private readonly GrpcServer _server;
    private GrpcChannel _channel = null!;
    private ulong _round;

    private CallServer(long quotaBytes)
    {
        StoreParts store = World.Store;
        var view = new ReplicaView();
        var observation = new Observation(_metrics, new HeardLog());
        var ids = new RequestIds(AppliedWorld.MemberId, Time.GetUtcNow());
        var proposer = new Proposer(_inbox, ids, view, requestBytesMax: 1 << 20);
        var proposals = new ProposalObserver(_metrics.Server.Proposals, _metrics.Requests);
        var log = new LoggedRequests(proposer, proposals);
        var quota = new Quota(store.Backend, store.Alarms, log, AppliedWorld.MemberId, quotaBytes);
        var headers = new ResponseHeaders(AppliedWorld.ClusterId, AppliedWorld.MemberId, view, store.Kv);
        _tokens = new SimpleTokens(Time, TimeSpan.FromMinutes(5));
        _learner = new LearnerRule(AppliedWorld.MemberId, store.Members);
        Reads = new LinearizableReads(_inbox, view, Eventually.Deadline, observation);

        var gate = new Gate(store.Auth, store, _tokens, takesCertificates: false);
        var reads = new KvReads(
            store.Kv,
            Reads,
            gate,
            store.Auth,
            headers,
            _learner,
            new ReadObserver(_metrics, Eventually.Deadline, observation.Log),
            messageBytes: 1 << 20);
        var writes = new KvWrites(proposer, gate, quota, reads, txnOpsMax: 128, proposals);
        Clock = new LeaseClock(store.Leases, Time, new LeaseClockOptions());
        var leader = new LeaderCalls(view, store.Members, peers: null!, Time, Eventually.Deadline); // not asked
        var desk = new LeaseDesk(store.Leases, Clock, log, view, leader, Time);

        _server = new GrpcServer(new GrpcServerOptions { Admission = _learner.Admit });
        _server.AddUnary("/etcdserverpb.KV/Range", reads.RangeAsync);
        _server.AddUnary("/etcdserverpb.KV/Put", writes.PutAsync);
        _server.AddUnary("/etcdserverpb.KV/Txn", writes.TxnAsync);
        _server.Add(reads.BindRangeStream());
        var upkeep = new StoreUpkeep(store, new InlineLane(), Time, observation);
        _server.Add(new KvCompactions(log, upkeep, gate, headers).Bind());
        var leases = new LeaseCalls(store.Leases, Clock, desk, log, quota, Reads, gate, headers);
        _server.Add(LeaseService.BindService(leases));
    }

    public ManualTime Time { get; } = new();

    /// <summary>What the apply lane has: entries are applied here, beside the reads.</summary>
    public AppliedWorld World { get; } = new();

    public LinearizableReads Reads { get; }

    /// <summary>Leads from the start.</summary>
    public LeaseClock Clock { get; }

    public KV.KVClient KeyValues => new(_channel);

    public LeaseService.LeaseClient Leases => new(_channel);

    /// <param name="quotaBytes">0 for none.</param>
    public static async Task<CallServer> StartAsync(long quotaBytes = 0)
    {
        var server = new CallServer(quotaBytes);
        server.Clock.Promote(TimeSpan.Zero);
        await server._server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)]);
        server._channel = GrpcChannel.ForAddress($"http://{server._server.EndPoints[0]}");
        return server;
    }

    /// <summary>Waits until the cluster is asked what is committed, and begins the round; whoever asks from now on
    /// asks for another one.</summary>
    public async Task<ReadBatch> NextRoundAsync()
    {
        ReadBatch batch = Assert.IsType<ReadBatch>(await NextAsync());
        batch.Context = ++_round;
        return batch;
    }

    /// <summary>Waits until something is proposed, applies that, and returns it.</summary>
    public async Task<InternalRaftRequest> ApplyNextAsync()
    {
        Proposal proposal = Assert.IsType<Proposal>(await NextAsync());
        byte[] entry = proposal.Entry.ToArray();
        KvError error = World.ApplyEntry(entry);
        Assert.True(proposal.TryClaim(proposal.Round));
        proposal.Settle(error, entryMayStillCome: false);
        proposal.Tell();
        return InternalRaftRequest.Parser.ParseFrom(entry);
    }

    /// <summary>Turns auth on. The users are root and "u", who may do all between "a" and "c".</summary>
    public void TurnAuthOn()
    {
        foreach ((string user, string role) in (ReadOnlySpan<(string, string)>)[("root", "root"), ("u", "role")])
        {
            Must(new() { AuthRoleAdd = new() { Name = role } });
            Must(new() { AuthUserAdd = new() { Name = user, HashedPassword = "aGFzaA==" } });
            Must(new() { AuthUserGrantRole = new() { User = user, Role = role } });
            _tokens.Add(user, user);
        }

        var permission = new Authpb.Permission
        {
            PermType = Kind.Readwrite,
            Key = "a".Bytes(),
            RangeEnd = "c".Bytes(),
        };
        Must(new() { AuthRoleGrantPermission = new() { Name = "role", Perm = permission } });
        Must(new() { AuthEnable = new() });
    }

    /// <summary>The headers of a call that a user makes.</summary>
    public static Metadata As(string user) => new() { { "token", user } };

    public void BecomeLearner()
    {
        byte[] self = MemberJson.Encode(MemberSetup.Member(AppliedWorld.MemberId));
        Assert.Equal(KvError.None, World.Store.Members.Apply(MemberChange.AddLearner, AppliedWorld.MemberId, self));
        _learner.Update();
    }

    public void Must(InternalRaftRequest request, string user = "") =>
        Assert.Equal(KvError.None, World.Apply(request, user));

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
        World.Dispose();
        _inbox.Dispose();
        _metrics.Dispose();
    }

    // What the calls have posted to the replica, in order.
    private Task<object?> NextAsync() => Task.Run(() =>
    {
        ReplicaEvent[] buffer = [];
        while (_asked.Count == 0)
        {
            ReadOnlySpan<ReplicaEvent> taken = _inbox.Take(ref buffer, Eventually.Deadline);
            Assert.False(taken.IsEmpty, "Nobody asks for anything.");
            foreach (ReplicaEvent happened in taken)
                _asked.Enqueue(happened);
        }

        return _asked.Dequeue().Subject;
    });
}
