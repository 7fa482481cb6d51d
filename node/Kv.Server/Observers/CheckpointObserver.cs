using System.Diagnostics;
using Kv.Replication;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>Times the saving of snapshot markers, and tells of the shortening of the log.</summary>
/// <param name="entriesMax">Entries applied between two snapshots.</param>
internal sealed class CheckpointObserver(Observation observation, ulong memberId, long entriesMax)
    : ICheckpointObserver
{
    private readonly DiskMetrics _metrics = observation.Metrics.Disk;
    private readonly ILogger _log = observation.Log;
    private long _start;
    private long _syncStart;

    public void OnTriggered(ulong applied, ulong lastSnapshot) =>
        Log.TriggeringSnapshot(_log, MemberIds.ToText(memberId), applied, lastSnapshot, entriesMax);

    public void OnSaving() => _start = Stopwatch.GetTimestamp();

    public void OnEncoded() => _metrics.SnapshotMarkerEncode.ObserveSince(_start);

    public void OnSyncing() => _syncStart = Stopwatch.GetTimestamp();

    public void OnSynced() => _metrics.SnapshotMarkerSync.ObserveSince(_syncStart);

    public void OnSaved() => _metrics.SnapshotMarkerSave.ObserveSince(_start);

    public void OnRecorded(ulong snapshot) => Log.SavedSnapshot(_log, snapshot);

    public void OnPurged(string directory, int files) => Log.PurgedFiles(_log, directory, files);
}
