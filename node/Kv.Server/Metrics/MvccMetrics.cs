namespace Kv.Server.Metrics;

/// <summary>Keys and their history. Most of these are counted by the store itself; point them there with
/// <c>ReadFrom</c>.</summary>
public sealed class MvccMetrics(MetricRegistry registry)
{
    public Counter Puts { get; } = registry.Counter("etcd_mvcc_put_total", "Puts applied.");

    public Counter Deletes { get; } = registry.Counter("etcd_mvcc_delete_total", "Deletes applied.");

    public Counter Ranges { get; } = registry.Counter("etcd_mvcc_range_total", "Ranges read.");

    public Counter Transactions { get; } = registry.Counter(
        "etcd_mvcc_txn_total", "Transactions of several operations applied.");

    public Gauge Keys { get; } = registry.Gauge("etcd_debugging_mvcc_keys_total", "Keys there are.");

    public Gauge PutBytes { get; } = registry.Gauge(
        "etcd_debugging_mvcc_total_put_size_in_bytes", "Bytes of keys and values put.");

    public Gauge CurrentRevision { get; } = registry.Gauge(
        "etcd_debugging_mvcc_current_revision", "The revision of the last change.");

    public Gauge CompactRevision { get; } = registry.Gauge(
        "etcd_debugging_mvcc_compact_revision", "The revision up to which history was given up.");

    public Gauge DatabaseBytes { get; } = registry.Gauge(
        "etcd_mvcc_db_total_size_in_bytes", "Bytes of the page file.");

    public Gauge DatabaseBytesInUse { get; } = registry.Gauge(
        "etcd_mvcc_db_total_size_in_use_in_bytes", "Bytes of the page file that are not free.");

    public Gauge OpenReads { get; } = registry.Gauge(
        "etcd_mvcc_db_open_read_transactions", "Read transactions of the page file that are open.");

    public Histogram Hash { get; } = registry.Histogram(
        "etcd_mvcc_hash_duration_seconds", Buckets.Hash, "How long hashing the whole page file took.");

    public Histogram HashOfRevision { get; } = registry.Histogram(
        "etcd_mvcc_hash_rev_duration_seconds", Buckets.Hash, "How long hashing the keys at a revision took.");

    public CompactionMetrics Compaction { get; } = new(registry);
}

/// <summary>Giving up history.</summary>
public sealed class CompactionMetrics(MetricRegistry registry)
{
    public Counter Keys { get; } = registry.Counter(
        "etcd_debugging_mvcc_db_compaction_keys_total", "Revisions of keys that compactions deleted.");

    /// <summary>In seconds since 1970.</summary>
    public Gauge Last { get; } = registry.Gauge(
        "etcd_debugging_mvcc_db_compaction_last", "When the last compaction ended, in seconds since 1970.");

    /// <summary>In milliseconds.</summary>
    public Histogram Pause { get; } = registry.Histogram(
        "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds", Buckets.CompactionPause,
        "How long a step of a compaction held up changes.");

    /// <summary>In milliseconds.</summary>
    public Histogram Total { get; } = registry.Histogram(
        "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds", Buckets.CompactionTotal,
        "How long compactions took from begin to end.");

    /// <summary>In milliseconds.</summary>
    public Histogram IndexPause { get; } = registry.Histogram(
        "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds", Buckets.IndexPause,
        "How long compacting the index held up changes.");
}
