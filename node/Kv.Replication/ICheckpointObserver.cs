using Kv.Storage.Snap;

namespace Kv.Replication;

/// <summary>Is told how the log is shortened, for metrics and log lines; must not block.</summary>
public interface ICheckpointObserver : ISnapObserver
{
    /// <summary>So many entries were applied that the next snapshot is due. On the apply lane.</summary>
    void OnTriggered(ulong applied, ulong lastSnapshot);

    /// <summary>The log knows of the snapshot. On the log lane, as all that follows.</summary>
    void OnRecorded(ulong snapshot);

    /// <summary>Files that are not needed any more were deleted from <paramref name="directory"/>; some, at
    /// least.</summary>
    void OnPurged(string directory, int files);
}
