namespace Kv.Store.Watching;

/// <summary>A response that carries no events: that a watcher was created, refused, cancelled, that it lost what it
/// should have got, or how far it has been told. A <paramref name="Revision"/> of 0 is left out of the header, as etcd
/// does when it tells of a compaction.</summary>
internal sealed record WatchNotice(
    long WatchId,
    long Revision,
    bool IsCreated = false,
    bool IsCanceled = false,
    long CompactRevision = 0,
    string CancelReason = "")
{
    /// <summary>The id of responses that belong to no watcher: refusals, and progress of all watchers at
    /// once.</summary>
    public const long NoWatcher = -1;

    public static WatchNotice Created(long watchId, long revision) => new(watchId, revision, IsCreated: true);

    public static WatchNotice Refused(long revision, string reason) =>
        new(NoWatcher, revision, IsCreated: true, IsCanceled: true, CancelReason: reason);

    public static WatchNotice Canceled(long watchId, long revision) => new(watchId, revision, IsCanceled: true);

    public static WatchNotice Compacted(long watchId, long compactRevision) =>
        new(watchId, Revision: 0, IsCanceled: true, CompactRevision: compactRevision);

    public static WatchNotice Progress(long watchId, long revision) => new(watchId, revision);
}
