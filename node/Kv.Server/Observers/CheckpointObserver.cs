using System.Diagnostics;
using Kv.Replication;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>Times the saving of snapshot markers, and tells of the shortening of the log.</summary>
internal sealed class CheckpointObserver(DiskMetrics metrics, ILogger log) : ICheckpointObserver
{
    private long _start;
    private long _syncStart;

    public void OnTriggered(ulong applied, ulong lastSnapshot) => Log.TriggeringSnapshot(log, applied, lastSnapshot);

    public void OnSaving() => _start = Stopwatch.GetTimestamp();

    public void OnEncoded() => metrics.SnapshotMarkerEncode.ObserveSince(_start);

    public void OnSyncing() => _syncStart = Stopwatch.GetTimestamp();

    public void OnSynced() => metrics.SnapshotMarkerSync.ObserveSince(_syncStart);

    public void OnSaved() => metrics.SnapshotMarkerSave.ObserveSince(_start);

    public void OnRecorded(ulong snapshot) => Log.SavedSnapshot(log, snapshot);

    public void OnPurged(string directory, int files) => Log.PurgedFiles(log, directory, files);
}
