namespace Kv.Server.Metrics;

/// <summary>The bounds that etcd uses, by what is measured.</summary>
internal static class Buckets
{
    /// <summary>1 ms to 8 s.</summary>
    public static readonly ExponentialBuckets Disk = new(0.001, 14);

    /// <summary>100 us to 52 s.</summary>
    public static readonly ExponentialBuckets Apply = new(0.0001, 20);

    /// <summary>5 ms to 10 s: what Prometheus' own library proposes, which is what etcd has for this one.</summary>
    public static readonly ListedBuckets Handling = new(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10);

    /// <summary>10 ms to 164 s.</summary>
    public static readonly ExponentialBuckets Hash = new(0.01, 15);

    /// <summary>10 ms to 11 minutes.</summary>
    public static readonly ExponentialBuckets Snapshot = new(0.01, 17);

    /// <summary>100 ms to 7 minutes.</summary>
    public static readonly ExponentialBuckets Defragment = new(0.1, 13);

    /// <summary>100 ms to 51 s.</summary>
    public static readonly ExponentialBuckets DatabaseFile = new(0.1, 10);

    /// <summary>100 us to 3 s.</summary>
    public static readonly ExponentialBuckets RoundTrip = new(0.0001, 16);

    /// <summary>1 s to 97 days.</summary>
    public static readonly ExponentialBuckets TimeToLive = new(1, 24);

    /// <summary>In milliseconds: 1 ms to 4 s.</summary>
    public static readonly ExponentialBuckets CompactionPause = new(1, 13);

    /// <summary>In milliseconds: 100 ms to 14 minutes.</summary>
    public static readonly ExponentialBuckets CompactionTotal = new(100, 14);

    /// <summary>In milliseconds: 500 us to 4 s.</summary>
    public static readonly ExponentialBuckets IndexPause = new(0.5, 14);
}
