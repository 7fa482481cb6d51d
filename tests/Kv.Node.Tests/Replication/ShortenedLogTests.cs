using Kv.Raft;
using Kv.Replication;
using Kv.Storage.Log;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Replication;

/// <summary>A log of which only the newest snapshot and what follows it is left.</summary>
public sealed class ShortenedLogTests
{
    private const ulong Term = 1;
    private const ulong Last = 40;

    private static readonly LogOptions SmallSegments = new(SegmentBytes: 400);

    private static readonly MemberFiles Files = SteppedMember.Files;

    /// <summary>The commit index is written without a sync of its own, so it lags behind what is applied; a reader
    /// passes over snapshots that are beyond it. A member that had given up all before such a snapshot could not be
    /// started again: the simulator found it.</summary>
    [Theory]
    [Seeds(10)]
    public void A_log_cut_down_to_a_snapshot_that_is_ahead_of_the_commit_index_is_opened_after_a_crash(int seed)
    {
        using var disk = new SimulatedDisk(new Random(seed));
        byte[] founding = MemberJson.Encode(MemberSetup.Member(9));
        var founder = new ConfChange(0, ConfChangeType.AddNode, new NodeId(9), founding);
        MemberLog.Create(disk, Files, new LogMetadata(9, MemberSetup.ClusterId), [founder], SmallSegments);
        Apply(disk, Last);
        LogWriter.Open(disk, Files.Log, default, SmallSegments, out LogWriter log);
        for (ulong index = 2; index <= Last; index++)
        {
            log.AppendEntry((int)EntryType.Normal, Term, index, new byte[50]);
            log.Sync();
        }

        Assert.Equal(1UL, log.State.Commit);
        var conf = new LogConfState([9], [], [], [], AutoLeave: false);
        new SnapshotFiles(disk, Files).RecordOwn(log, new LogSnapshot(Last, Term, conf), "{}"u8.ToArray(), null);
        log.ReleaseTo(Last);
        Assert.True(log.Purge(1) > 0);
        log.Dispose();
        disk.Crash();

        LogSummary? summary = MemberLog.Find(disk, Files);
        Assert.NotNull(summary);
        using var backend = Backend.Open(disk, Files.PageFile, new BackendOptions { CommitLane = new InlineLane() });
        OpenedLog opened = MemberLog.Open(disk, Files, summary, backend, SmallSegments);
        opened.Writer.Dispose();
        Assert.Equal(Last, opened.Contents.From.Index);
        Assert.Equal(Last, opened.State.Applied);
    }

    private static void Apply(SimulatedDisk disk, ulong index)
    {
        using var backend = Backend.Open(disk, Files.PageFile, new BackendOptions { CommitLane = new InlineLane() });
        backend.SetConsistentIndex(index, Term);
        backend.ForceCommit();
    }
}
