using Kv.Raft;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;

namespace Kv.Replication;

/// <summary>Finds out how the log and the page file of a member fit together, and readies both. What is acknowledged is
/// in the log first, so the page file may lag behind it and is brought up by replay; it can never be ahead of it
/// unless part of the log is gone. Serving then would be serving half a history, so the node does not
/// start.</summary>
public static class MemberLog
{
    /// <summary>Begins the log of a new member: its first entries, already committed, name the first members. One that
    /// joins a cluster begins with none; the leader sends it all.</summary>
    public static LogSummary Create(
        IDisk disk, MemberFiles files, LogMetadata metadata, IReadOnlyList<ConfChange> members, LogOptions options)
    {
        const ulong FirstTerm = 1;
        if (LogReader.Exists(disk, files.Log))
            disk.DeleteDirectory(files.Log); // one that was never more than begun
        disk.CreateDirectory(files.Snapshots);
        using var writer = LogWriter.Create(disk, files.Log, metadata, options);
        ulong index = 0;
        foreach (ConfChange member in members)
            writer.AppendEntry((int)EntryType.ConfChange, FirstTerm, ++index, ConfChangeCodec.Encode(member));
        if (index > 0)
            writer.AppendState(new LogState(FirstTerm, Vote: 0, Commit: index));
        writer.Sync();
        writer.Close();
        SyncNames(disk, files.Log);
        SyncNames(disk, files.Snapshots);
        return LogReader.Summarize(disk, files.Log);
    }

    /// <summary>Sums up the log of a member that was started before; null if this is none. A log without an entry, a
    /// term or a vote is none: the first start was cut short before anything was promised to anybody. To be asked
    /// before the page file is opened, which would make it.</summary>
    /// <exception cref="CorruptDataException">The log is damaged, or one of the two is there without the
    /// other.</exception>
    public static LogSummary? Find(IDisk disk, MemberFiles files)
    {
        LogSummary? log = LogReader.Exists(disk, files.Log) ? LogReader.Summarize(disk, files.Log) : null;
        if (log is { LastIndex: > 0 })
        {
            new SnapshotFiles(disk, files).Recover(log);
            if (!disk.FileExists(files.PageFile))
                RequireWholeLog(log, files);
            return log;
        }

        if (disk.FileExists(files.PageFile) && StoreSnapshot.ReadIndex(disk, files.PageFile) > 0)
        {
            CorruptDataException.Throw(
                files.Log,
                $"the write-ahead log is missing or empty, but the page file {files.PageFile} is there. What was "
                + "acknowledged last may be in the log only. Put the log back (or point --wal-dir at it); if it is "
                + "lost, make a new data directory with "
                + $"'kv-node snapshot restore --skip-hash-check {files.PageFile}'");
        }

        // One that has just joined may have voted before it was sent its first entry.
        return log is { State.Term: > 0 } ? log : null;
    }

    /// <summary>Opens both. <paramref name="backend"/> is the page file, as it is on disk.</summary>
    /// <exception cref="CorruptDataException">They do not fit together.</exception>
    public static OpenedLog Open(
        IDisk disk, MemberFiles files, LogSummary summary, Backend backend, LogOptions options)
    {
        ulong applied = backend.ConsistentIndex;
        LogSnapshot from = StartingPoint(summary, applied, files);
        LogContents contents = LogWriter.Open(disk, files.Log, from, options, out LogWriter writer);
        if (applied > contents.LastIndex)
        {
            writer.Dispose();
            CorruptDataException.Throw(
                files.Log,
                $"the log ends at index {contents.LastIndex}, but the page file {files.PageFile} contains entries up "
                + $"to {applied}: entries {contents.LastIndex + 1} to {applied} of the log are missing. Put the "
                + "missing segments back; if they are lost, make a new data directory with "
                + $"'kv-node snapshot restore --skip-hash-check {files.PageFile}'");
        }

        return new OpenedLog(writer, contents, Restore(contents, backend, applied));
    }

    // Only a log that was never shortened can stand in for the page file.
    private static void RequireWholeLog(LogSummary summary, MemberFiles files)
    {
        if (summary.Snapshots.Any(snapshot => snapshot.Index > 0))
        {
            CorruptDataException.Throw(
                files.PageFile,
                $"the page file is missing, but the log {files.Log} tells of snapshots that it holds. Put it back, or "
                + "restore a snapshot into a new data directory with 'kv-node snapshot restore'");
        }
    }

    // A file is only as durable as the names of all directories above it.
    private static void SyncNames(IDisk disk, string path)
    {
        string full = Path.TrimEndingDirectorySeparator(path);
        while (Path.GetDirectoryName(full) is { } parent)
        {
            disk.SyncDirectory(parent.Length == 0 ? "." : parent);
            full = parent;
        }
    }

    // The newest snapshot that the page file reaches; a page file that lost its last commit is brought up from an
    // older one, as long as the log goes back so far.
    private static LogSnapshot StartingPoint(LogSummary summary, ulong applied, MemberFiles files)
    {
        LogSnapshot from = default;
        ulong newest = 0;
        foreach (LogSnapshot snapshot in summary.Snapshots)
        {
            newest = Math.Max(newest, snapshot.Index);
            if (snapshot.Index <= applied && snapshot.Index >= from.Index)
                from = snapshot;
        }

        if (summary.FirstIndex > from.Index + 1)
        {
            CorruptDataException.Throw(
                files.PageFile,
                $"the page file contains entries up to {applied}, but the log {files.Log} begins at "
                + $"{summary.FirstIndex}, after the snapshot at {newest}: entries between them are missing. Remove "
                + "this member and add it anew, or restore a snapshot with 'kv-node snapshot restore'");
        }

        return from;
    }

    private static RestoredState Restore(LogContents contents, Backend backend, ulong applied)
    {
        Entry[] entries =
        [
            .. contents.Entries.Select(entry =>
                new Entry(new EntryId(entry.Term, entry.Index), (EntryType)entry.Type, entry.Data)),
        ];
        LogState state = contents.State;
        return new RestoredState
        {
            // The commit index is written without a sync, so it may have been lost; what is applied was committed.
            HardState = new HardState(state.Term, new NodeId(state.Vote), Math.Max(state.Commit, applied)),
            Conf = ConfStates.AtApplied(contents, entries, backend, applied),
            Compacted = new EntryId(contents.From.Term, contents.From.Index),
            Entries = entries,
            Applied = applied,
        };
    }
}
