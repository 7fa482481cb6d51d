using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Etcdserverpb;
using Kv.Raft;
using Kv.Server.Http;
using Kv.Server.Peers;
using Kv.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Node.Tests.Peers;

/// <summary>A member as its peers see it: transport and server are the real ones, behind them is no store and no Raft,
/// but what they would be told is kept.</summary>
internal sealed class PeerNode : IPeerMember, IPeerObserver, IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const int ReceivedMax = 100_000;

    private readonly Channel<Message> _received = Channel.CreateBounded<Message>(ReceivedMax);
    private readonly Channel<bool> _snapshotReports = Channel.CreateBounded<bool>(ReceivedMax);
    private readonly Lazy<PeerTransport> _transport;
    private PeerServer? _server;
    private long _sentBytes;
    private long _receivedBytes;
    private int _unreachable;
    private int _refused;
    private int _removals;
    private int _losses;

    public PeerNode(ulong id, Func<PeerTransportOptions, PeerTransportOptions>? change = null)
    {
        Id = new NodeId(id);
        var address = new IPEndPoint(IPAddress.Loopback, FreePort());
        Url = $"http://{address}";
        EndPoint = address;
        var options = new PeerTransportOptions
        {
            PeerUrls = [Url],
            RedialInterval = TimeSpan.FromMilliseconds(5),
            ReadTimeout = TimeSpan.FromSeconds(3),
            Observer = this,
        };
        Options = change?.Invoke(options) ?? options;
        _transport = new Lazy<PeerTransport>(() => new PeerTransport(this, Options, NullLogger.Instance));
    }

    public ulong ClusterId { get; init; } = 0xC1;

    public NodeId Id { get; }

    public string Url { get; }

    public IPEndPoint EndPoint { get; }

    public PeerTransportOptions Options { get; }

    public PeerTransport Transport => _transport.Value;

    public TestSnapshots Source { get; } = new();

    public ISnapshotSink Sink { get; init; } = new CountingSink();

    public NodeVersions Versions { get; init; } = new("3.7.1", "3.7.0", "3.7.0");

    public IReadOnlyList<ClusterMember> Members { get; init; } = [];

    public ConcurrentDictionary<NodeId, bool> Removed { get; } = new();

    public Func<long, PeerAnswer<long>> KeepAlive { get; set; } = lease => PeerAnswer.Of(lease);

    public Func<NodeId, string, PeerAnswer<IReadOnlyList<ClusterMember>>> Promote { get; set; } =
        (_, _) => PeerAnswer.Refuse<IReadOnlyList<ClusterMember>>(404, "membership: ID not found");

    public Func<long, PeerAnswer<PeerHash>> Hash { get; set; } =
        _ => PeerAnswer.Refuse<PeerHash>(400, "mvcc: required revision has been compacted");

    /// <summary>How often it was told that a message to a peer was lost.</summary>
    public int Unreachable => Volatile.Read(ref _unreachable);

    /// <summary>How often it was told that nothing listens at a peer's address.</summary>
    public int Refused => Volatile.Read(ref _refused);

    public int Removals => Volatile.Read(ref _removals);

    /// <summary>How often a peer ceased to be active.</summary>
    public int Losses => Volatile.Read(ref _losses);

    public long SentBytes => Volatile.Read(ref _sentBytes);

    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    public ChannelReader<Message> Received => _received.Reader;

    /// <summary>A node that listens.</summary>
    public static async Task<PeerNode> StartAsync(
        ulong id, Func<PeerTransportOptions, PeerTransportOptions>? change = null)
    {
        var node = new PeerNode(id, change);
        await node.ListenAsync();
        return node;
    }

    public async Task ListenAsync()
    {
        _server = new PeerServer(this, Transport, Sink, NullLogger.Instance);
        await _server.StartAsync([EndPoint]);
    }

    /// <summary>Its address stays, but nobody answers there.</summary>
    public async Task StopListeningAsync()
    {
        await _server!.DisposeAsync();
        _server = null;
    }

    /// <summary>Makes each of them a peer of the others.</summary>
    public static void Join(params PeerNode[] nodes)
    {
        foreach (PeerNode node in nodes)
        {
            foreach (PeerNode other in nodes)
                node.Transport.AddPeer(other.Id, [other.Url]);
        }
    }

    /// <summary>Waits until streams are open both ways, so that nothing is posted one by one any more.</summary>
    public static async Task UntilConnectedAsync(params PeerNode[] nodes)
    {
        foreach (PeerNode node in nodes)
        {
            foreach (PeerNode other in nodes.Where(each => each != node))
                await UntilAsync(() => node.HasStreamsTo(other.Id), $"streams of {node.Id} to {other.Id}");
        }
    }

    /// <summary>Whether it can write to the peer on both streams.</summary>
    public bool HasStreamsTo(NodeId peer) =>
        Transport.FindSender(peer, StreamKind.Appends) is { IsAttached: true }
        && Transport.FindSender(peer, StreamKind.Messages) is { IsAttached: true };

    public async Task<Message> NextAsync() => await _received.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public async Task<bool> NextSnapshotReportAsync() =>
        await _snapshotReports.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        using var deadline = new CancellationTokenSource(Patience);
        while (!condition())
        {
            if (deadline.IsCancellationRequested)
                Assert.Fail($"not within {Patience}: {what}");
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Transport.DisposeAsync().AsTask().WaitAsync(Patience);
        if (_server is not null)
            await _server.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    bool IPeerMember.IsRemoved(NodeId id) => Removed.ContainsKey(id);

    bool IPeerMember.Receive(Message message) => _received.Writer.TryWrite(message);

    void IPeerMember.ReportUnreachable(NodeId id) => Interlocked.Increment(ref _unreachable);

    void IPeerMember.ReportRefused(NodeId id) => Interlocked.Increment(ref _refused);

    void IPeerMember.ReportSnapshot(NodeId id, bool isSuccess) => _snapshotReports.Writer.TryWrite(isSuccess);

    void IPeerMember.OnRemoved() => Interlocked.Increment(ref _removals);

    ValueTask<PeerAnswer<IReadOnlyList<ClusterMember>>> IPeerMember.PromoteAsync(
        NodeId id, string token, CancellationToken cancelled) => ValueTask.FromResult(Promote(id, token));

    ValueTask<PeerAnswer<PeerHash>> IPeerMember.HashAsync(long revision, CancellationToken cancelled) =>
        ValueTask.FromResult(Hash(revision));

    ValueTask<PeerAnswer<long>> IPeerMember.KeepAliveAsync(long lease, CancellationToken cancelled) =>
        ValueTask.FromResult(KeepAlive(lease));

    ValueTask<PeerAnswer<LeaseTimeToLiveResponse>> IPeerMember.TimeToLiveAsync(
        LeaseTimeToLiveRequest request, CancellationToken cancelled)
    {
        PeerAnswer<long> life = KeepAlive(request.ID);
        return ValueTask.FromResult(life.IsRefused
            ? PeerAnswer.Refuse<LeaseTimeToLiveResponse>(life.Status, life.Error)
            : PeerAnswer.Of(new LeaseTimeToLiveResponse
            {
                ID = request.ID,
                TTL = life.Value - 1,
                GrantedTTL = life.Value,
            }));
    }

    ValueTask<PeerAnswer<bool>> IPeerMember.IsDowngradeEnabledAsync(CancellationToken cancelled) =>
        ValueTask.FromResult(PeerAnswer.Of(false));

    void IPeerObserver.OnSent(NodeId to, long bytes) => Interlocked.Add(ref _sentBytes, bytes);

    void IPeerObserver.OnReceived(NodeId from, long bytes) => Interlocked.Add(ref _receivedBytes, bytes);

    void IPeerObserver.OnActive(NodeId peer, bool isActive)
    {
        if (!isActive)
            Interlocked.Increment(ref _losses);
    }

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
