namespace Kv.Store.Watching;

/// <summary>The bounds of what watching keeps in memory and does at a time. Sizes are of encoded events, each counted
/// with <see cref="EventOverheadBytes"/> more for the slots that refer to it.</summary>
public sealed record WatchLimits
{
    public const int EventOverheadBytes = 32;

    public static WatchLimits Default { get; } = new();

    /// <summary>Events that wait for one stream's consumer. With more waiting, the stream's watchers fall behind and
    /// are caught up from history once half of it is gone.</summary>
    public long StreamPendingBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Events that wait for all consumers; beyond it, a stream may only keep
    /// <see cref="StreamPendingBytesMin"/>.</summary>
    public long TotalPendingBytesMax { get; init; } = 256 * 1024 * 1024;

    public long StreamPendingBytesMin { get; init; } = 64 * 1024;

    /// <summary>Revisions joined in one response. The bytes stay below the 4 MiB that many gRPC clients take unless
    /// told otherwise, except that one revision is never parted.</summary>
    public int ResponseRevisionsMax { get; init; } = 1000;

    public int ResponseBytesMax { get; init; } = 3584 * 1024;

    /// <summary>From which size on a response is split for a watcher that asked for fragments: what a request may
    /// have, and 512 KiB.</summary>
    public int FragmentBytes { get; init; } = 1_572_864 + 524_288;

    /// <summary>History read in one step for watchers that are behind; live events wait meanwhile.</summary>
    public int CatchUpRevisionsMax { get; init; } = 1000;

    public int CatchUpBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Changes published and not yet taken over by the hub's lane. With more, the hub passes over them and
    /// its watchers read them from history.</summary>
    public int PublishedChangesMax { get; init; } = 65_536;

    public long PublishedBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Requests of one stream not yet answered, and answers not yet read by its consumer: with more, the
    /// edge should not read from the client.</summary>
    public int RequestsMax { get; init; } = 1024;

    /// <summary>How long a watcher that asked for progress hears nothing before it is told; up to a tenth is added
    /// at random, so that streams opened together are not told together.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromMinutes(10);
}
