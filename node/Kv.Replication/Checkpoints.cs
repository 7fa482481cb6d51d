using Kv.Raft;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Snap;
using Kv.Store;

namespace Kv.Replication;

/// <summary>Lets the log be shortened: after so many entries, the page file is made to contain all of them, then the
/// log
/// is told of it, and what lies below is given up. Between the steps the lanes go on; a crash anywhere between them
/// leaves the log longer than it need be and nothing else.</summary>
public sealed class Checkpoints(
    IDisk disk, MemberFiles files, StoreParts store, ILog log, Inbox inbox, CheckpointOptions options)
{
    private ulong _last;
    private bool _isUnderWay;

    /// <summary>Where the log's newest snapshot stands; to be told once at the start.</summary>
    public void StartFrom(ulong index) => _last = index;

    /// <summary>On the apply lane, after each turn.</summary>
    public void OnApplied(EntryId applied, ConfState conf)
    {
        if (applied.Index < _last + options.EntriesMax || Volatile.Read(ref _isUnderWay))
            return;

        _last = applied.Index;
        Volatile.Write(ref _isUnderWay, true);
        var snapshot = new LogSnapshot(applied.Index, applied.Term, ConfStates.ToLog(conf));
        byte[] members = store.Members.ToV2StoreJson();
        store.Backend.ForceCommit(() => log.Post(writer => Record(writer, snapshot, members)));
    }

    private void Record(LogWriter writer, LogSnapshot snapshot, byte[] members)
    {
        SnapDirectory.Save(
            disk, files.Snapshots, new SnapFile(snapshot.Index, snapshot.Term, snapshot.ConfState!, members));
        writer.AppendSnapshot(snapshot);
        writer.Sync();
        writer.ReleaseTo(snapshot.Index);
        if (options.SegmentsMax > 0)
            writer.Purge(options.SegmentsMax);
        if (options.SnapFilesMax > 0)
            SnapDirectory.Purge(disk, files.Snapshots, options.SnapFilesMax);
        Volatile.Write(ref _isUnderWay, false);
        inbox.Post(ReplicaEvent.SnapshotTaken(snapshot.Index));
    }
}

/// <summary>How often, and how much is kept.</summary>
/// <param name="EntriesMax">Entries applied between two snapshots of the log.</param>
/// <param name="SegmentsMax">Segments of the log kept; 0 keeps all.</param>
/// <param name="SnapFilesMax">Files of the membership kept; 0 keeps all.</param>
public sealed record CheckpointOptions(ulong EntriesMax, int SegmentsMax, int SnapFilesMax);
