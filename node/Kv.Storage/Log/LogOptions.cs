namespace Kv.Storage.Log;

/// <summary>How a log is written. Only tests have a reason for another <paramref name="SegmentBytes"/> than
/// etcd's.</summary>
public sealed record LogOptions(long SegmentBytes = 64_000_000, ILogObserver? Observer = null);
