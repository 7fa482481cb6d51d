using System.Buffers.Binary;
using System.Text;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Startup;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Pages;
using Kv.Storage.Snap;
using Kv.Store;

namespace Kv.Server.Cli;

/// <summary>Makes the data directory of a member of a new cluster from a snapshot. The keys, leases, users and the
/// version stay; the members are those of the new cluster, and its log begins with an entry for each, all of
/// them applied. Every member of the new cluster restores the same snapshot with the same settings.
/// <para>The log is written last: until it is there, no node starts on the directory.</para></summary>
internal sealed class SnapshotRestore(IDisk disk, RestoreOptions options)
{
    private const ulong FirstTerm = 1;
    private const int RevisionLength = 17;

    private readonly MemberFiles _files = new(options.DataDirectory, options.WalDirectory);
    private readonly ClusterMember[] _members = MemberIdentity.ToMembers(options.Members, options.Token);

    public void Run(string snapshot)
    {
        if (!disk.FileExists(snapshot))
            throw new CommandFailedException($"open {snapshot}: no such file or directory");
        Prepare();
        SnapshotCopy.Extract(disk, snapshot, _files.PageFile, options.SkipsHashCheck);
        Finish();
    }

    /// <summary>The same from a stream.</summary>
    /// <param name="snapshot">The bytes of a snapshot file.</param>
    /// <param name="name">What to call it.</param>
    /// <param name="cancelled">Ends it half-way; the directory is then of no use.</param>
    /// <returns>The SHA-256 of the pages, in hexadecimal.</returns>
    public async Task<string> RunAsync(Stream snapshot, string name, CancellationToken cancelled)
    {
        Prepare();
        string hash = await SnapshotCopy.ExtractAsync(
            disk, snapshot, name, _files.PageFile, options.SkipsHashCheck, cancelled);
        Finish();
        return hash;
    }

    private void Prepare()
    {
        RefuseIfNotEmpty("data-dir", options.DataDirectory);
        RefuseIfNotEmpty("wal-dir", _files.Log);
        disk.CreateDirectory(_files.Snapshots);
    }

    private void Finish()
    {
        RewritePages();
        SnapDirectory.Save(disk, _files.Snapshots, ToSnapFile());
        WriteLog();
    }

    private ulong LastIndex => (ulong)_members.Length;

    private ConfState Conf => ConfState.Empty with { Voters = [.. _members.Select(member => new NodeId(member.Id))] };

    private void RefuseIfNotEmpty(string option, string directory)
    {
        if (disk.DirectoryExists(directory) && disk.List(directory).Count > 0)
            throw new CommandFailedException($"{option} \"{directory}\" not empty or could not be read");
    }

    private void RewritePages()
    {
        using var pages = PageFile.Open(disk, _files.PageFile, new PageFileOptions());
        var report = pages.Verify();
        if (!report.IsClean)
            CorruptDataException.Throw($"{_files.PageFile}, page {report.Faults[0].Page}", report.Faults[0].Finding);

        using var write = pages.BeginWrite();
        var members = Empty(write, "members"u8);
        Empty(write, "members_removed"u8);
        foreach (var member in _members)
            members.Put(Encoding.ASCII.GetBytes(MemberIds.ToText(member.Id)), MemberJson.Encode(member));

        var meta = write.CreateBucketIfMissing("meta"u8);
        PutNumber(meta, "consistent_index"u8, LastIndex);
        PutNumber(meta, "term"u8, FirstTerm);
        meta.Put(ConfStates.Key, ConfStates.ToJson(Conf));
        if (options.BumpRevision > 0)
            Bump(pages, write, meta);
        write.Commit();
    }

    private static WriteBucket Empty(WriteTransaction write, ReadOnlySpan<byte> name)
    {
        write.DeleteBucket(name);
        return write.CreateBucketIfMissing(name);
    }

    private static void PutNumber(WriteBucket bucket, ReadOnlySpan<byte> key, ulong number)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(value, number);
        bucket.Put(key, value);
    }

    /// <summary>A row without content at the new revision raises the last one; the compaction is finished by the
    /// node's first start.</summary>
    private void Bump(PageFile pages, WriteTransaction write, WriteBucket meta)
    {
        Span<byte> revision = stackalloc byte[RevisionLength];
        using (var read = pages.BeginRead())
        {
            if (!read.TryOpenBucket("key"u8, out var keys))
                throw new CommandFailedException("the snapshot has no keys whose revision could be raised");
            var cursor = keys.OpenCursor();
            if (!cursor.SeekLast())
                throw new CommandFailedException("the snapshot has no keys whose revision could be raised");
            cursor.Key[..RevisionLength].CopyTo(revision);
        }

        long last = BinaryPrimitives.ReadInt64BigEndian(revision);
        BinaryPrimitives.WriteInt64BigEndian(revision, checked(last + options.BumpRevision));
        write.CreateBucketIfMissing("key"u8).Put(revision, []);
        revision[(sizeof(long) + 1)..].Clear();
        meta.Put("scheduledCompactRev"u8, revision);
    }

    private SnapFile ToSnapFile() => new(
        LastIndex, FirstTerm, ConfStates.ToLog(Conf), V2StoreJson.Encode(_members, removed: [], version: ""));

    private void WriteLog()
    {
        ulong self = _members.Single(member => member.Name == options.Name).Id;
        ulong cluster = MemberIds.OfCluster(_members.Select(member => member.Id));
        using var log = LogWriter.Create(disk, _files.Log, new LogMetadata(self, cluster), new LogOptions());
        ulong index = 0;
        foreach (var member in _members)
        {
            byte[] change = ConfChangeCodec.Encode(MemberIdentity.ToChange(member));
            log.AppendEntry((int)EntryType.ConfChange, FirstTerm, ++index, change);
        }

        // Whom the vote is for makes no difference, as long as all members say the same.
        log.AppendState(new LogState(FirstTerm, Vote: _members[0].Id, Commit: index));
        log.AppendSnapshot(new LogSnapshot(index, FirstTerm, ConfStates.ToLog(Conf)));
        log.Sync();
        log.Close();
    }
}
