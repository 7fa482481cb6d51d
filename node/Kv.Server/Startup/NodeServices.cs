using Etcdserverpb;
using Kv.Grpc;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Configuration;
using Kv.Server.Coordination;
using Kv.Server.Membership;
using Kv.Server.Observers;
using Kv.Server.Peers;
using Kv.Server.Tokens;
using Kv.Server.Upkeep;
using Kv.Store;
using Kv.Store.Leases;
using Kv.Store.Watching;

namespace Kv.Server.Startup;

/// <summary>The services of a node, each given just what it uses.</summary>
internal sealed class NodeServices
{
    private readonly NodeConfiguration _configuration;
    private readonly OpenedMember _member;
    private readonly WatchHub _hub;
    private readonly Gate _gate;
    private readonly UserLogins _logins;
    private readonly ResponseHeaders _headers;
    private readonly Proposer _proposer;
    private readonly LeaseDesk _leases;
    private readonly Reconfiguration _reconfiguration;
    private readonly ProposalObserver _proposals;
    private readonly Observation _observation;

    public NodeServices(
        NodeConfiguration configuration,
        OpenedMember member,
        ReplicatedMember replicated,
        INetwork network,
        PeerClient peers,
        WatchHub hub,
        LeaseClock clock,
        UserLogins logins,
        Observation observation)
    {
        _configuration = configuration;
        _member = member;
        _hub = hub;
        _logins = logins;
        Clock = clock;
        StoreParts store = member.Store;
        RequestIds = new RequestIds(member.MemberId, TimeProvider.System.GetUtcNow());
        _proposer = new Proposer(
            replicated.Inbox, RequestIds, replicated.View, configuration.Limits.RequestBytesMax);
        Budget = MemoryShares.ToBudget(configuration.Limits, MemoryShares.MemoryBytes);
        observation.Metrics.Load.ReadFrom(Budget, _proposer);
        _observation = observation;
        _proposals = new ProposalObserver(observation.Metrics.Server.Proposals, observation.Metrics.Requests);
        Log = new LoggedRequests(_proposer, _proposals);
        Reads = new LinearizableReads(
            replicated.Inbox, replicated.View, configuration.Timing.RequestTimeout, observation);
        Upkeep = new StoreUpkeep(store, member.Lanes.Apply, TimeProvider.System, observation);
        Quota = new Quota(store.Backend, store.Alarms, Log, member.MemberId, configuration.Storage.QuotaBytes ?? 0);
        _gate = new Gate(store.Auth, store, logins.Tokens, configuration.Tls.Client.DemandsCertificates);
        _headers = new ResponseHeaders(member.ClusterId, member.MemberId, replicated.View, store.Kv);
        var leader = new LeaderCalls(
            replicated.View, store.Members, peers, TimeProvider.System, configuration.Timing.RequestTimeout);
        _leases = new LeaseDesk(store.Leases, clock, Log, replicated.View, leader, TimeProvider.System);
        _reconfiguration = new Reconfiguration(
            member.MemberId,
            store.Members,
            new MembershipChanges(replicated.Inbox, RequestIds),
            replicated.Inbox,
            network,
            leader,
            configuration.Bootstrap.IsStrictAboutReconfiguration,
            observation.Metrics.Server.Role);
        Learner = new LearnerRule(member.MemberId, store.Members);
        Health = new NodeHealth(
            member.MemberId, configuration.Member.AnnouncedVersion, store, replicated.View, Reads, Upkeep);
        Arrival = new TokenArrival(
            store.Auth, logins.Tokens, replicated.View, TimeProvider.System, configuration.Timing.RequestTimeout);
        Leadership = new Leadership(
            replicated.Inbox, replicated.View, TimeProvider.System, configuration.Timing.Election);
    }

    public LoggedRequests Log { get; }

    public LinearizableReads Reads { get; }

    public NodeHealth Health { get; }

    public Leadership Leadership { get; }

    public LearnerRule Learner { get; }

    public TokenArrival Arrival { get; }

    public StoreUpkeep Upkeep { get; }

    public Quota Quota { get; }

    public LeaseClock Clock { get; }

    public CallBudget Budget { get; }

    /// <summary>What answers the other members.</summary>
    public PeerServices ForPeers => new(Health, _gate, _reconfiguration, _leases, Upkeep, Reads);

    private RequestIds RequestIds { get; }

    /// <summary>Adds all services to a server that has not started.</summary>
    public void AddTo(GrpcServer server)
    {
        StoreParts store = _member.Store;
        AddKv(server);
        var watching = new WatchObserver(_observation.Metrics.Watch, _observation.Metrics.Requests);
        server.Add(new WatchCalls(_hub, _gate, watching).Bind());
        server.Add(Lease.BindService(new LeaseCalls(
            store.Leases, Clock, _leases, Log, Quota, Reads, _gate, _headers)));
        server.Add(Cluster.BindService(new ClusterCalls(
            store.Members, _reconfiguration, Reads, _gate, _headers, TimeProvider.System)));
        server.Add(Maintenance.BindService(new MaintenanceCalls(
            store,
            Upkeep,
            Log,
            new Downgrades(store.Members, Log, Reads),
            Leadership,
            Quota,
            _gate,
            _headers,
            _configuration.Member.AnnouncedVersion)));
        server.Add(Auth.BindService(new AuthCalls(
            Log, Reads, store.Auth, _gate, _headers, _logins)));
        server.Add(V3lockpb.Lock.BindService(new LockCalls(server.Local)));
        server.Add(V3electionpb.Election.BindService(new ElectionCalls(server.Local)));
        server.Add(global::Grpc.Health.V1.Health.BindService(new HealthCalls()));
    }

    private void AddKv(GrpcServer server)
    {
        var reads = new KvReads(
            _member.Store.Kv,
            Reads,
            _gate,
            _member.Store.Auth,
            _headers,
            Learner,
            new ReadObserver(_observation.Metrics, _configuration.Timing.SlowApply, _observation.Log),
            _configuration.Limits.RequestBytesMax);
        var writes = new KvWrites(
            _proposer, _gate, Quota, reads, _configuration.Limits.TxnOperationsMax, _proposals);
        server.AddUnary("/etcdserverpb.KV/Range", reads.RangeAsync);
        server.AddUnary("/etcdserverpb.KV/Put", writes.PutAsync);
        server.AddUnary("/etcdserverpb.KV/DeleteRange", writes.DeleteRangeAsync);
        server.AddUnary("/etcdserverpb.KV/Txn", writes.TxnAsync);
        server.Add(new KvCompactions(Log, Upkeep, _gate, _headers).Bind());
        server.Add(reads.BindRangeStream());
    }
}
