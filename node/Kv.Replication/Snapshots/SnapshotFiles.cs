using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Kv.Raft;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Pages;
using Kv.Storage.Snap;
using Kv.Store;

namespace Kv.Replication;

/// <summary>The files that stand beside the snapshot records of the log. A snapshot from the leader goes through these
/// steps, each durable before the next; what a crash between any two of them leaves is made up at the next start:
/// <code>
/// receiver    index.snap.db is whole                        else it is never looked at
/// log lane    term-index.snap, the record, the commit index else the member is as before, and is sent another
/// apply lane  index.snap.db takes the name db               else that is done at the start (<see cref="Recover"/>)
/// </code></summary>
public sealed class SnapshotFiles(IDisk disk, MemberFiles files)
{
    private const string ReceivedSuffix = ".snap.db";
    private const int IndexDigits = 16;

    /// <summary>Where they are.</summary>
    public string Directory => files.Snapshots;

    public string LogDirectory => files.Log;

    // The newest snapshot recorded since the start; the log lane's.
    private ulong _recorded;

    /// <summary>Notes in the log that all up to a snapshot of the leader is in the page file that was received. It
    /// counts once the commit index that goes with it is on disk. The log lane's.</summary>
    public void RecordReceived(LogWriter writer, Snapshot snapshot)
    {
        var record = new LogSnapshot(snapshot.Id.Index, snapshot.Id.Term, ConfStates.ToLog(snapshot.Conf));

        // etcd up to 3.6 starts from this document. One of 3.8 sends none, and a file without it would be broken.
        if (!snapshot.Data.IsEmpty)
            Save(record, snapshot.Data);
        _recorded = Math.Max(_recorded, record.Index);
        writer.AppendSnapshot(record);
    }

    /// <summary>Notes in the log that all up to a snapshot of this member's own is in its page file; returns when that
    /// is durable. One that was overtaken by the leader's is passed over. The log lane's.</summary>
    public void RecordOwn(
        LogWriter writer, in LogSnapshot snapshot, ReadOnlyMemory<byte> members, ICheckpointObserver? observer)
    {
        if (snapshot.Index <= _recorded)
            return;
        Save(snapshot, members, observer);
        _recorded = snapshot.Index;

        // A reader passes over snapshots beyond the commit index, and of that the log may lag behind: it does not have
        // to be durable otherwise. Yet what comes before this snapshot is given up now.
        LogState state = writer.State;
        writer.AppendState(state with { Commit = Math.Max(state.Commit, snapshot.Index) });
        writer.AppendSnapshot(snapshot);
        writer.Sync();
        observer?.OnRecorded(snapshot.Index);
    }

    /// <summary>Deletes received page files that the member is past, and the oldest files of the membership until
    /// <paramref name="keep"/> are left, 0 for all; returns how many of these. The log lane's.</summary>
    public int Purge(ulong applied, int keep)
    {
        foreach (string name in disk.List(files.Snapshots))
        {
            if (TryParse(name, out ulong index) && index <= applied)
                disk.DeleteFile(Path.Combine(files.Snapshots, name));
        }

        return keep > 0 ? SnapDirectory.Purge(disk, files.Snapshots, keep) : 0;
    }

    /// <summary>Says whether the page file that was received with a snapshot can take this one's place, and with what
    /// message that is to be passed on. The receiver asks before: once it is in the log there is no way back. Reads a
    /// few pages.
    /// <para>etcd names the entries that it had applied when the snapshot was wanted, and sends what it has when it
    /// comes to it: a later state. Were that installed as told, the page file would be ahead of the log, and after a
    /// crash nobody could tell it from a log that was lost in part. So it is taken for what it is: the file says at
    /// which entry it was left, with which members (not that of etcd 3.4, which does not know the
    /// term).</para></summary>
    public bool TryAdmit(
        Message message, [NotNullWhen(true)] out Message? admitted, [NotNullWhen(false)] out string? finding)
    {
        admitted = null;
        ulong told = message.Snapshot!.Id.Index;
        Snapshot found;
        try
        {
            (found, finding) = StoreSnapshot.Read(disk, files.ReceivedPageFile(told), store => Judge(message, store));
        }
        catch (CorruptDataException damage)
        {
            finding = damage.Finding;
            return false;
        }

        if (finding is not null)
            return false;
        if (found.Id.Index != told)
        {
            disk.Rename(files.ReceivedPageFile(told), files.ReceivedPageFile(found.Id.Index));
            disk.SyncDirectory(files.Snapshots);
        }

        admitted = message.With(found);
        return true;
    }

    private static (Snapshot Found, string? Finding) Judge(Message message, StoreSnapshot store)
    {
        Snapshot told = message.Snapshot!;
        if (store.Index < told.Id.Index)
            return (told, Mismatch(store.Index, told.Id.Index));
        bool isFurther = store.Index > told.Id.Index && store.Term > 0 && store.Term <= message.Term;
        return isFurther
            ? (new Snapshot(new EntryId(store.Term, store.Index), ConfStates.Of(store), store.ToV2StoreJson()), null)
            : (told, null);
    }

    /// <summary>Lets the received page file take the name of the one in use, for good. Those who have the old one open
    /// keep it.</summary>
    /// <exception cref="CorruptDataException">It is not what the log says it is.</exception>
    public void PutInPlace(ulong index)
    {
        string received = files.ReceivedPageFile(index);
        ulong found = StoreSnapshot.ReadIndex(disk, received);
        if (found < index)
            CorruptDataException.Throw(received, Mismatch(found, index));
        disk.Rename(received, files.PageFile);
        disk.SyncDirectory(files.Snapshots);
    }

    /// <summary>Replaces the store, the parts of which stay the same objects, by the received page file. The apply
    /// lane's.</summary>
    public void Install(ulong index, StoreParts store)
    {
        PutInPlace(index);
        store.Restore(disk, files.PageFile);
    }

    /// <summary>Brings the files in step with the log, before any of them is opened: a received page file that the log
    /// counts on takes its place, and what was only begun is removed.</summary>
    /// <exception cref="PageFileLockedException">Another process works with these files.</exception>
    public void Recover(LogSummary log)
    {
        if (!disk.DirectoryExists(files.Snapshots))
            return;
        using IFile? pages = LockPages();
        foreach (string name in disk.List(files.Snapshots))
        {
            if (name.StartsWith("tmp", StringComparison.Ordinal))
                disk.DeleteFile(Path.Combine(files.Snapshots, name));
        }

        if (!disk.List(files.Snapshots).Any(name => TryParse(name, out _)))
            return;

        ulong applied = pages is null ? 0 : StoreSnapshot.ReadIndex(disk, files.PageFile);
        ulong newest = log.Snapshots.Select(snapshot => snapshot.Index).DefaultIfEmpty().Max();
        if (newest > applied && disk.FileExists(files.ReceivedPageFile(newest)))
        {
            PutInPlace(newest);
            applied = newest;
        }

        Purge(applied, keep: 0);
    }

    private IFile? LockPages()
    {
        if (!disk.FileExists(files.PageFile))
            return null;
        IFile pages = disk.Open(files.PageFile, FileAccessMode.ReadWrite);
        if (pages.TryLock())
            return pages;
        pages.Dispose();
        throw new PageFileLockedException(files.PageFile);
    }

    private static string Mismatch(ulong found, ulong index) =>
        $"the page file contains entries up to {found}, but came with a snapshot of those up to {index}. Remove this "
        + "member and add it anew";

    private static bool TryParse(string name, out ulong index)
    {
        index = 0;
        return name.Length == IndexDigits + ReceivedSuffix.Length
            && name.EndsWith(ReceivedSuffix, StringComparison.Ordinal)
            && ulong.TryParse(
                name.AsSpan(0, IndexDigits),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out index);
    }

    private void Save(
        in LogSnapshot snapshot, ReadOnlyMemory<byte> members, ICheckpointObserver? observer = null) =>
        SnapDirectory.Save(
            disk,
            files.Snapshots,
            new SnapFile(snapshot.Index, snapshot.Term, snapshot.ConfState!, members),
            observer);
}
