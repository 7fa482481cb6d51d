using Kv.Raft;
using Kv.Storage.Log;
using Kv.Store;

namespace Kv.Replication;

/// <summary>Lets the log be shortened: after so many entries, the page file is made to contain all of them, then the
/// log is told of it, and what lies below is given up. Between the steps the lanes go on; a crash anywhere between
/// them leaves the log longer than it need be and nothing else.</summary>
public sealed class Checkpoints(
    SnapshotFiles files,
    StoreParts store,
    ILog log,
    Inbox inbox,
    CheckpointOptions options,
    ICheckpointObserver? observer = null)
{
    private ulong _last;
    private bool _isUnderWay;

    /// <summary>Where the log's newest snapshot stands; to be told at the start, and when one was
    /// installed.</summary>
    public void StartFrom(ulong index) => _last = index;

    /// <summary>On the apply lane, after each turn.</summary>
    public void OnApplied(EntryId applied, ConfState conf)
    {
        if (applied.Index < _last + options.EntriesMax || Volatile.Read(ref _isUnderWay))
            return;

        observer?.OnTriggered(applied.Index, _last);
        _last = applied.Index;
        Volatile.Write(ref _isUnderWay, true);
        var snapshot = new LogSnapshot(applied.Index, applied.Term, ConfStates.ToLog(conf));
        byte[] members = store.Members.ToV2StoreJson();
        store.Backend.ForceCommit(() => log.Post(writer => Record(writer, snapshot, members)));
    }

    private void Record(LogWriter writer, LogSnapshot snapshot, byte[] members)
    {
        files.RecordOwn(writer, snapshot, members, observer);
        writer.ReleaseTo(snapshot.Index);
        if (options.SegmentsMax > 0)
            TellPurged(files.LogDirectory, writer.Purge(options.SegmentsMax));
        TellPurged(files.Directory, files.Purge(snapshot.Index, options.SnapFilesMax));
        Volatile.Write(ref _isUnderWay, false);
        inbox.Post(ReplicaEvent.SnapshotTaken(snapshot.Index));
    }

    private void TellPurged(string directory, int count)
    {
        if (count > 0)
            observer?.OnPurged(directory, count);
    }
}

/// <summary>How often, and how much is kept.</summary>
/// <param name="EntriesMax">Entries applied between two snapshots of the log.</param>
/// <param name="SegmentsMax">Segments of the log kept; 0 keeps all.</param>
/// <param name="SnapFilesMax">Files of the membership kept; 0 keeps all.</param>
public sealed record CheckpointOptions(ulong EntriesMax, int SegmentsMax, int SnapFilesMax);
