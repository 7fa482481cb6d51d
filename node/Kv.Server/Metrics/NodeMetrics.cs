using Kv.Grpc;

namespace Kv.Server.Metrics;

/// <summary>All metrics of a node, by who counts them. Names, types, labels and buckets are etcd's; what each is for a
/// lone member stands in node/README.md.</summary>
public sealed class NodeMetrics : IDisposable
{
    private readonly MeterBridge _bridge;

    /// <param name="methods">What the gRPC servers serve, asked at each reading.</param>
    /// <param name="isExtensive">Whether every call is timed, by method.</param>
    public NodeMetrics(Func<IReadOnlyList<GrpcMethod>> methods, bool isExtensive = false)
    {
        Server = new ServerMetrics(Registry);
        Requests = new RequestMetrics(Registry);
        Disk = new DiskMetrics(Registry);
        Mvcc = new MvccMetrics(Registry);
        Watch = new WatchMetrics(Registry);
        Leases = new LeaseMetrics(Registry);
        Health = new HealthMetrics(Registry);
        Load = new LoadMetrics(Registry);
        Peers = new PeerMetrics(Registry);
        GrpcMetrics.AddTo(Registry, methods);
        Handling = isExtensive ? new HandlingTimes(Registry) : null;
        ProcessMetrics.AddTo(Registry);
        _bridge = new MeterBridge(Registry);
    }

    public MetricRegistry Registry { get; } = new();

    public ServerMetrics Server { get; }

    public RequestMetrics Requests { get; }

    public DiskMetrics Disk { get; }

    public MvccMetrics Mvcc { get; }

    public WatchMetrics Watch { get; }

    public LeaseMetrics Leases { get; }

    public HealthMetrics Health { get; }

    public LoadMetrics Load { get; }

    public PeerMetrics Peers { get; }

    /// <summary>Only if metrics are extensive.</summary>
    public HandlingTimes? Handling { get; }

    public void Dispose() => _bridge.Dispose();
}
