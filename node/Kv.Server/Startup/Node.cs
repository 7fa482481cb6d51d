using System.Runtime.InteropServices;
using Kv.Grpc;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Cli;
using Kv.Server.Configuration;
using Kv.Server.Corruption;
using Kv.Server.Gateway;
using Kv.Server.Http;
using Kv.Server.Metrics;
using Kv.Server.Observers;
using Kv.Server.Peers;
using Kv.Server.Tls;
using Kv.Server.Tokens;
using Kv.Server.Tracing;
using Kv.Server.Upkeep;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;
using Kv.Store.Leases;
using Kv.Store.Watching;
using Microsoft.Extensions.Logging;
using Log = Kv.Server.Logging.Log;

namespace Kv.Server.Startup;

/// <summary>One node, from its files to its last answer. This is the one place that knows all parts; what it does is
/// make them, in order, and end them in the opposite order.</summary>
internal sealed class Node(NodeConfiguration configuration, ILogger log, Action<int> exit) : IDisposable
{
    private const string QuotaName = "v3-applier"; // as etcd calls it
    private const int ExitFailed = 1;
    private const int ExitBySigterm = 143;
    private const int ExitBySigint = 130;

    // How many requests may wait to be looked at; what comes then is refused.
    private const int WaitingMax = 20_000;

    // A member that was removed goes on for so long, as in etcd: others may have yet to learn of it.
    private static readonly TimeSpan RemovedGrace = TimeSpan.FromSeconds(1);

    // More than any client uses; what HTTP/2 lets one that never reads its answers pile up is bounded by it.
    private const int StreamsMax = 100_000;

    private readonly CancellationTokenSource _stop = new();
    private readonly List<GrpcServer> _plainServers = [];
    private readonly NodeTls _tls = NodeTls.Load(configuration, TimeProvider.System, log);
    private IReadOnlyList<GrpcMethod> _methods = [];
    private int _exitCode = ExitFailed;

    /// <summary>Runs until a signal comes or something fails; returns the exit code.</summary>
    public async Task<int> RunAsync()
    {
        using PosixSignalRegistration sigterm = ExitOn(PosixSignal.SIGTERM, ExitBySigterm);
        using PosixSignalRegistration sigint = ExitOn(PosixSignal.SIGINT, ExitBySigint);
        try
        {
            return await OpenAndServeAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return _exitCode; // told to stop before it began to serve
        }
    }

    public void Dispose() => _stop.Dispose();

    private async Task<int> OpenAndServeAsync()
    {
        TellStart();
        var disk = new RealDisk(configuration.Storage.IsSyncSkipped);
        var lanes = new MemberLanes(OnFault);
        IUserTokens tokens = configuration.Auth.Jwt is { } jwt
            ? new SignedTokens(jwt.Key, jwt.Lifetime, TimeProvider.System)
            : new SimpleTokens(TimeProvider.System, configuration.Auth.TokenLifetime);
        using var passwords = new PasswordLane(configuration.Auth.BcryptCost);
        using var metrics = new NodeMetrics(() => _methods, configuration.HasExtensiveMetrics);
        var observation = new Observation(metrics, log);
        using var peers = new PeerClient(PeerSide.DialTimeout(configuration.Timing), _tls.CallPeer);
        disk.CreateDirectory(configuration.Storage.Files.Snapshots);
        LogSummary? found = MemberLog.Find(disk, configuration.Storage.Files);
        if (found is null)
            DataMarker.RequireNone(configuration.Storage.DataMarker, configuration.Storage.DataDirectory);
        JoinedCluster? joined =
            found is null ? await ClusterJoin.MeetAsync(configuration, peers, _stop.Token) : null;
        using var member = OpenedMember.Open(disk, configuration, found, joined, tokens, lanes, observation);
        DataMarker.Leave(configuration.Storage.DataMarker);
        Log.StartingMember(log, MemberIds.ToText(member.MemberId), MemberIds.ToText(member.ClusterId));

        var guard = new VersionGuard(configuration.Member.AnnouncedVersion, member.Store.Members, log);
        if (guard.IsTooOld())
            return ExitFailed;

        PeerHashes hashes = await CompareAsync(member, peers, isNew: found is null);
        var logins = new UserLogins(tokens, passwords);
        return await ServeAsync(new OpenedNode(member, disk, peers, joined, guard, hashes, logins, observation));
    }

    private async Task<int> ServeAsync(OpenedNode opened)
    {
        OpenedMember member = opened.Member;
        StoreParts store = member.Store;
        Observation observation = opened.Observation;
        NodeMetrics metrics = observation.Metrics;
        using var inbox = new Inbox(WaitingMax);
        await using var peerSide = new PeerSide(
            configuration, member, _tls, inbox, opened.Disk, OnRemoved, observation);
        using var replicated = new ReplicatedMember(
            member, inbox, peerSide.Transport, peerSide.Snapshots, configuration, OnRemoved, OnFault, observation);
        WatchHub hub = OpenHub(member, replicated);
        NodeGauges.ConnectWatch(metrics.Watch, hub.Counters);
        var clock = new LeaseClock(store.Leases, TimeProvider.System, new LeaseClockOptions
        {
            Renewed = metrics.Leases.Renewed.Increment,
        });
        var services = new NodeServices(configuration, member, replicated, peerSide.Transport, opened.Peers, hub, clock,
            opened.Logins, observation);
        var news = new LeaderNews(replicated.View, member.MemberId, TimeProvider.System, log);
        var keeper = new LeaseKeeper(
            clock,
            store.Auth,
            replicated.View,
            services.Log,
            TimeProvider.System,
            configuration.Timing.Election,
            observation);

        using var telemetry = NodeTelemetry.Start(configuration.Telemetry, metrics, log);

        services.Learner.Update();
        await peerSide.StartAsync(
            services.ForPeers, opened.Joined?.Members ?? [], OnMembersChanged, _stop.Token);
        replicated.Start();
        Task firstTicks = new FirstTicks(configuration.Timing, peerSide.Transport, inbox, TimeProvider.System)
            .RunAsync(_stop.Token);
        await using GrpcServer server = await ListenAsync(member, replicated, services, keeper, news, metrics);
        _methods = server.Methods;
        await Task.WhenAll(
            firstTicks,
            keeper.RunAsync(_stop.Token),
            CreateCompactor(store, replicated, services).RunAsync(_stop.Token),
            news.RunAsync(_stop.Token),
            WatchVersions(member, replicated, services, opened.Peers),
            WatchForCorruption(store, replicated, services, opened.Hashes).RunAsync(_stop.Token),
            new WatchTicker(hub, TimeProvider.System).RunAsync(_stop.Token));
        await UntilStoppedAsync();
        await peerSide.HandOverAsync(services.Leadership, CancellationToken.None);
        await CloseAsync(server, member);
        return _exitCode;

        void OnMembersChanged()
        {
            services.Learner.Update();
            TellVersion(store.Members, metrics);
            if (opened.Guard.IsTooOld())
                exit(ExitFailed);
        }
    }

    private void TellStart() => Log.StartingServer(
        log,
        ProductText.ServerVersion,
        ProductText.Runtime,
        configuration.Member.Name,
        configuration.Storage.DataDirectory,
        configuration.Storage.DedicatedWalDirectory ?? "");

    private PosixSignalRegistration ExitOn(PosixSignal signal, int exitCode) =>
        PosixSignalRegistration.Create(signal, context => OnSignal(context, exitCode));

    private AutoCompactor CreateCompactor(
        StoreParts store, ReplicatedMember replicated, NodeServices services) => new(
            configuration.Compaction.Auto, store.Kv, replicated.View, services.Log, TimeProvider.System, log);

    // A new member has nothing to compare.
    private async Task<PeerHashes> CompareAsync(OpenedMember member, PeerClient peers, bool isNew)
    {
        TimeSpan patience = configuration.Timing.RequestTimeout;
        var hashes = new PeerHashes(member.MemberId, member.ClusterId, member.Store.Members, peers, patience, log);
        if (!isNew && configuration.Corruption.HasInitialCheck)
            await InitialCheck.RunAsync(member, hashes, patience, log, _stop.Token);
        return hashes;
    }

    private Task WatchVersions(
        OpenedMember member, ReplicatedMember replicated, NodeServices services, PeerClient peers)
    {
        MemberBook members = member.Store.Members;
        var versions = new MemberVersions(member.MemberId, configuration.Member.AnnouncedVersion, members, peers);
        var monitor = new VersionMonitor(versions, members, replicated.View, services.Log, TimeProvider.System);
        var downgrades = new DowngradeWatch(
            versions,
            members,
            replicated.View,
            services.Log,
            configuration.Timing.DowngradeCheck,
            TimeProvider.System,
            log);
        return Task.WhenAll(monitor.RunAsync(_stop.Token), downgrades.RunAsync(_stop.Token));
    }

    private CorruptionWatch WatchForCorruption(
        StoreParts store, ReplicatedMember replicated, NodeServices services, PeerHashes hashes) => new(
            hashes.Self,
            store,
            new CorruptionWatch.NodeParts(services.Upkeep, services.Reads, services.Log, replicated.View),
            hashes,
            configuration.Corruption,
            TimeProvider.System,
            log);

    private async Task CloseAsync(GrpcServer server, OpenedMember member)
    {
        MemberSettings self = configuration.Member;
        string directory = configuration.Storage.DataDirectory;
        Log.Closing(log, self.Name, directory, self.AdvertisePeerUrls, self.AdvertiseClientUrls);
        await server.StopAsync(Grace);
        foreach (GrpcServer plain in _plainServers)
            await plain.DisposeAsync();
        member.Lanes.Apply.Post(() => member.Store.Backend.ForceCommit());
        Log.Closed(log, self.Name, directory, self.AdvertisePeerUrls, self.AdvertiseClientUrls);
    }

    // Long enough for every request under way; streams that never end by themselves are cut then.
    private static TimeSpan Grace { get; } = TimeSpan.FromSeconds(1);

    private static bool IsInit => Environment.ProcessId == 1;

    private WatchHub OpenHub(OpenedMember member, ReplicatedMember replicated)
    {
        var identity = new WatchIdentity(member.ClusterId, member.MemberId, () => replicated.View.Term);
        WatchLimits limits = WatchLimits.Default with
        {
            ProgressInterval = configuration.Timing.WatchProgress,
            FragmentBytes = configuration.Limits.MessageBytesMax,
        };
        var hub = new WatchHub(member.Store.Kv, member.Lanes.Watch, identity, limits, new Random());
        member.Store.Kv.Changes = hub;
        return hub;
    }

    private async Task<GrpcServer> ListenAsync(
        OpenedMember member,
        ReplicatedMember replicated,
        NodeServices services,
        LeaseKeeper keeper,
        LeaderNews news,
        NodeMetrics metrics)
    {
        var publisher = new Publisher(
            services.Log, replicated.View, member.Store.Members, member.MemberId, configuration.Member);
        await publisher.PublishAsync(_stop.Token);
        keeper.NoticeLeadership();
        news.Look();
        Log.PublishedMember(
            log,
            MemberIds.ToText(member.MemberId),
            MemberIds.ToText(member.ClusterId),
            configuration.Member.AdvertiseClientUrls,
            configuration.Timing.RequestTimeout);

        if (services.Quota.Bytes > 0)
            Log.EnabledQuota(log, QuotaName, services.Quota.Bytes, HumanBytes.Format(services.Quota.Bytes));
        else
            Log.DisabledQuota(log, QuotaName);
        NodeGauges.Connect(metrics, member, replicated.View, services.Quota);
        metrics.Server.SetFeatures(configuration.Features);
        TellVersion(member.Store.Members, metrics);
        var site = new PlainSite(new HealthEndpoints(services.Health, metrics.Health, log), services.Health, metrics);
        await ServePlainAsync(
            configuration.Member.ListenMetricsUrls, PlainHttpBridge.ToMethod(site.AnswerMetricsAsync));
        GrpcServer server = CreateServer(replicated, services, metrics);
        var gateway = configuration.Http.HasGateway
            ? new JsonGateway(server.Local, configuration.Limits.MessageBytesMax)
            : null;
        var clients = new ClientSite(site, gateway, configuration, () => member.Store.Auth.IsEnabled);
        bool isShared = configuration.Member.ListenClientHttpUrls.Count == 0;
        if (isShared)
            server.AnswerPlainBy(clients.AnswerAsync);
        await server.StartAsync(
            configuration.Member.ListenClientUrls.Select(url => ListenEndPoints.Of(url, _tls.Clients)), _stop.Token);
        await ServePlainAsync(configuration.Member.ListenClientHttpUrls, clients.AnswerAsync);
        Log.ReadyToServe(log);
        foreach (NodeUrl url in configuration.Member.ListenClientUrls)
            TellServing(url, plainToo: isShared);
        return server;
    }

    private GrpcServer CreateServer(ReplicatedMember replicated, NodeServices services, NodeMetrics metrics)
    {
        var server = new GrpcServer(new GrpcServerOptions
        {
            ReceiveMaxBytes = configuration.Limits.MessageBytesMax,
            StreamsPerConnectionMax = Math.Min(configuration.Limits.ConcurrentStreamsMax, StreamsMax),
            KeepAlivePingDelay = configuration.Limits.KeepAliveInterval ?? TimeSpan.MaxValue,
            KeepAlivePingTimeout = configuration.Limits.KeepAliveTimeout,
            Admission = services.Learner.Admit,
            Hold = services.Arrival.Hold,
            Budget = services.Budget,
            IsFirstInLine = FirstInLine.Is,
            Faulted = (method, fault) => Log.MethodFaulted(log, method, fault),
            Observer = new CallObserver(
                metrics.Requests,
                replicated.View,
                configuration.Timing.SlowRequest,
                metrics.Handling,
                TimeProvider.System,
                log),
        });
        services.AddTo(server);
        return server;
    }

    private void TellServing(NodeUrl url, bool plainToo)
    {
        string traffic = plainToo ? "grpc+http" : "grpc";
        if (url.IsTls)
            Log.ServingSecurely(log, traffic, url.ToString());
        else
            Log.ServingInsecurely(log, traffic, url.ToString());
    }

    // Without gRPC: HTTP of clients, or metrics and health alone.
    private async Task ServePlainAsync(IReadOnlyList<NodeUrl> urls, PlainHttpMethod answer)
    {
        if (urls.Count == 0)
            return;
        var server = new GrpcServer(new GrpcServerOptions { PlainHttp = answer });
        _plainServers.Add(server);
        await server.StartAsync(urls.Select(url => ListenEndPoints.Of(url, _tls.Clients)), _stop.Token);
        foreach (NodeUrl url in urls)
            Log.ServingMetrics(log, url.ToString());
    }

    // Metrics have major and minor only; nothing is told as long as the cluster has not agreed on one.
    private static void TellVersion(MemberBook members, NodeMetrics metrics)
    {
        if (Version.TryParse(members.Version, out Version? version))
            metrics.Server.SetClusterVersion(version.ToString(fieldCount: 2));
    }

    private async Task UntilStoppedAsync()
    {
        var stopped = new TaskCompletionSource();
        using (_stop.Token.Register(stopped.SetResult))
            await stopped.Task;
    }

    private void OnSignal(PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        Log.ReceivedSignal(log, context.Signal == PosixSignal.SIGTERM ? "terminated" : "interrupt");
        _exitCode = IsInit ? 0 : exitCode;
        _stop.Cancel();
    }

    // By what it applied itself, or by what a peer says.
    private void OnRemoved()
    {
        Log.RemovedMember(log);
        Log.DataMustGo(log);
        _exitCode = 0;
        _stop.CancelAfter(RemovedGrace);
    }

    // A lane that failed can neither be trusted nor done without: what it was to write may be half written. Nothing
    // more is acknowledged; the next start finds out from the files what is there.
    private void OnFault(string lane, Exception fault)
    {
        Log.Failed(log, new InvalidOperationException($"The {lane} lane failed: {fault.Message}", fault));
        exit(ExitFailed);
    }

    /// <summary>What there is before anybody is answered.</summary>
    /// <param name="Joined">The cluster it is new in; null if it was started before.</param>
    private sealed record OpenedNode(
        OpenedMember Member,
        RealDisk Disk,
        PeerClient Peers,
        JoinedCluster? Joined,
        VersionGuard Guard,
        PeerHashes Hashes,
        UserLogins Logins,
        Observation Observation);
}
