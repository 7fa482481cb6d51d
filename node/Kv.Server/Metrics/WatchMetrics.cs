namespace Kv.Server.Metrics;

/// <summary>Watchers and what is sent to them.</summary>
public sealed class WatchMetrics(MetricRegistry registry)
{
    private const string SendLoop = "etcd_debugging_server_watch_send_loop_";

    public Gauge Streams { get; } = registry.Gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams open.");

    public Gauge Watchers { get; } = registry.Gauge("etcd_debugging_mvcc_watcher_total", "Watchers there are.");

    public Gauge SlowWatchers { get; } = registry.Gauge(
        "etcd_debugging_mvcc_slow_watcher_total", "Watchers that are behind.");

    public Counter Events { get; } = registry.Counter("etcd_debugging_mvcc_events_total", "Events sent to watchers.");

    public Gauge PendingEvents { get; } = registry.Gauge(
        "etcd_debugging_mvcc_pending_events_total", "Events that wait to be sent.");

    public Histogram SendEvents { get; } = registry.Histogram(
        $"{SendLoop}watch_stream_duration_seconds", Buckets.Disk, "How long sending a batch of events took.");

    public Histogram SendPerEvent { get; } = registry.Histogram(
        $"{SendLoop}watch_stream_duration_per_event_seconds", Buckets.Disk,
        "How long sending a batch of events took, divided by its events.");

    public Histogram SendControl { get; } = registry.Histogram(
        $"{SendLoop}control_stream_duration_seconds", Buckets.Disk,
        "How long sending what is not events took.");

    public Histogram SendProgress { get; } = registry.Histogram(
        $"{SendLoop}progress_duration_seconds", Buckets.Disk, "How long sending progress took.");
}

/// <summary>Leases.</summary>
public sealed class LeaseMetrics(MetricRegistry registry)
{
    public Counter Granted { get; } = registry.Counter("etcd_debugging_lease_granted_total", "Leases granted.");

    public Counter Revoked { get; } = registry.Counter("etcd_debugging_lease_revoked_total", "Leases revoked.");

    public Counter Renewed { get; } = registry.Counter("etcd_debugging_lease_renewed_total", "Leases kept alive.");

    public Counter Expired { get; } = registry.Counter("etcd_debugging_server_lease_expired_total", "Leases expired.");

    /// <summary>In seconds.</summary>
    public Histogram TimeToLive { get; } = registry.Histogram(
        "etcd_debugging_lease_ttl_total", Buckets.TimeToLive, "Times to live that leases were granted.");
}
