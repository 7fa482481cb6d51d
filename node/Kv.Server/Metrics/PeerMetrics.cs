namespace Kv.Server.Metrics;

/// <summary>The traffic with the other members. A series is there once it has something to tell of.</summary>
public sealed class PeerMetrics(MetricRegistry registry)
{
    private const string From = "From";
    private const string To = "To";

    public ScalarFamily<Gauge> Active { get; } = registry.GaugeFamily(
        "etcd_network_active_peers", "Whether there is a connection with the member: 1 if so.", "Local", "Remote");

    public ScalarFamily<Gauge> Known { get; } = registry.GaugeFamily(
        "etcd_network_known_peers", "Whether it is a member of the cluster: 1 if so.", "Local", "Remote");

    public ScalarFamily<Counter> Disconnected { get; } = registry.CounterFamily(
        "etcd_network_disconnected_peers_total", "Times that the last connection was lost.", "Local", "Remote");

    public ScalarFamily<Counter> SentBytes { get; } = registry.CounterFamily(
        "etcd_network_peer_sent_bytes_total", "Bytes of messages sent.", To);

    public ScalarFamily<Counter> SendFailures { get; } = registry.CounterFamily(
        "etcd_network_peer_sent_failures_total", "Messages that could not be sent.", To);

    public ScalarFamily<Counter> ReceivedBytes { get; } = registry.CounterFamily(
        "etcd_network_peer_received_bytes_total", "Bytes of messages received.", From);

    public ScalarFamily<Counter> ReceiveFailures { get; } = registry.CounterFamily(
        "etcd_network_peer_received_failures_total", "Messages that could not be taken.", From);

    public HistogramFamily RoundTrip { get; } = registry.HistogramFamily(
        "etcd_network_peer_round_trip_time_seconds", Buckets.RoundTrip, "How long it is to the member and back.", To);

    public SnapshotMetrics SnapshotsSent { get; } = new(registry, "send", To);

    public SnapshotMetrics SnapshotsReceived { get; } = new(registry, "receive", From);
}

/// <summary>Snapshots on their way from member to member, in one direction.</summary>
/// <param name="direction">In the names: <c>send</c> or <c>receive</c>.</param>
/// <param name="label">Names the other member.</param>
public sealed class SnapshotMetrics(MetricRegistry registry, string direction, string label)
{
    public ScalarFamily<Gauge> InFlight { get; } = registry.GaugeFamily(
        $"etcd_network_snapshot_{direction}_inflights_total", "Snapshots under way.", label);

    public ScalarFamily<Counter> Successes { get; } = registry.CounterFamily(
        $"etcd_network_snapshot_{direction}_success", "Snapshots that arrived.", label);

    public ScalarFamily<Counter> Failures { get; } = registry.CounterFamily(
        $"etcd_network_snapshot_{direction}_failures", "Snapshots that did not.", label);

    public HistogramFamily Time { get; } = registry.HistogramFamily(
        $"etcd_network_snapshot_{direction}_total_duration_seconds", Buckets.DatabaseFile,
        "How long those that arrived took.", label);
}
