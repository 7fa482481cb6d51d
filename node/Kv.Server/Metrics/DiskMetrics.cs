namespace Kv.Server.Metrics;

/// <summary>The log, the page file and the snapshot files.</summary>
public sealed class DiskMetrics(MetricRegistry registry)
{
    public Histogram WalSync { get; } = registry.Histogram(
        "etcd_disk_wal_fsync_duration_seconds", Buckets.Disk, "How long the log's syncs took.");

    public Histogram WalWrite { get; } = registry.Histogram(
        "etcd_disk_wal_write_duration_seconds", Buckets.Disk, "How long it took to hand a batch to the log's file.");

    public Counter WalBytes { get; } = registry.GrowingGaugeFamily(
        "etcd_disk_wal_write_bytes_total", "Bytes written to the log.").With();

    public Histogram Commit { get; } = registry.Histogram(
        "etcd_disk_backend_commit_duration_seconds", Buckets.Disk, "How long the page file's commits took.");

    public Histogram CommitRebalance { get; } = registry.Histogram(
        "etcd_debugging_disk_backend_commit_rebalance_duration_seconds", Buckets.Disk,
        "How long commits took to merge pages.");

    public Histogram CommitSpill { get; } = registry.Histogram(
        "etcd_debugging_disk_backend_commit_spill_duration_seconds", Buckets.Disk,
        "How long commits took to lay out pages.");

    public Histogram CommitWrite { get; } = registry.Histogram(
        "etcd_debugging_disk_backend_commit_write_duration_seconds", Buckets.Disk,
        "How long commits took to write pages.");

    public Histogram Defragment { get; } = registry.Histogram(
        "etcd_disk_backend_defrag_duration_seconds", Buckets.Defragment, "How long the page file's compactions took.");

    public Gauge DefragmentInFlight { get; } = registry.Gauge(
        "etcd_disk_defrag_inflight", "Whether the page file is being compacted: 1 if so.");

    public Histogram Snapshot { get; } = registry.Histogram(
        "etcd_disk_backend_snapshot_duration_seconds", Buckets.Snapshot, "How long snapshots for clients took.");

    public Histogram SnapshotMarkerEncode { get; } = registry.Histogram(
        "etcd_debugging_snap_save_marshalling_duration_seconds", Buckets.Disk,
        "How long it took to encode a snapshot marker.");

    public Histogram SnapshotMarkerSave { get; } = registry.Histogram(
        "etcd_debugging_snap_save_total_duration_seconds", Buckets.Disk, "How long it took to save a snapshot marker.");

    public Histogram SnapshotMarkerSync { get; } = registry.Histogram(
        "etcd_snap_fsync_duration_seconds", Buckets.Disk, "How long the syncs of snapshot markers took.");

    public Histogram SnapshotFileSave { get; } = registry.Histogram(
        "etcd_snap_db_save_total_duration_seconds", Buckets.DatabaseFile,
        "How long it took to save a snapshot that came from the leader.");

    public Histogram SnapshotFileSync { get; } = registry.Histogram(
        "etcd_snap_db_fsync_duration_seconds", Buckets.Disk, "How long the syncs of such snapshots took.");
}
