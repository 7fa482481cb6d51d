using Kv.Raft;
using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Replication;

/// <summary>Which directory is that of a member, of what kind, and of none.</summary>
public sealed class BootTests
{
    private static readonly MemberFiles Files = SteppedMember.Files;

    [Fact]
    public void Every_log_of_a_new_cluster_begins_with_all_members()
    {
        using var cluster = new SteppedCluster();
        string[] logs = [.. cluster.Members.Select(member => Describe(cluster.Disk(member.Id.Value)))];
        Assert.Single(logs.Distinct());
        Assert.Equal("1.1 add 1, 1.2 add 2, 1.3 add 3, term 1 commit 3", logs[0]);
        Assert.All(cluster.Members, member => Assert.Equal(3, member.Status.Conf.Voters.Count));
        Assert.All(cluster.Members, member => Assert.False(member.View.IsLeader));
    }

    /// <summary>Whatever was cut short: it is begun anew, and nobody was promised anything.</summary>
    [Theory]
    [Seeds(4)]
    public void A_first_start_may_be_cut_short_anywhere(int seed)
    {
        foreach (int founders in (int[])[0, 1, 3])
        {
            var random = new Random(seed);
            for (int change = 1; change < 60; change++)
            {
                using var disk = new SimulatedDisk(random);
                disk.CrashAtOperation = change;
                try
                {
                    using SteppedMember? _ = Start(disk, founders);
                }
                catch (Exception end) when (disk.IsOff && end is (SimulatedCrashException or IOException))
                {
                    // As intended.
                }

                disk.Crash();
                disk.CrashAtOperation = null;
                using SteppedMember member = Start(disk, founders);
                Assert.Equal(founders, member.Status.Conf.Voters.Count);
            }
        }
    }

    [Fact]
    public void An_empty_log_beside_a_page_file_that_holds_entries_is_a_lost_one()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using (SteppedMember member = Start(disk, founders: 1))
        {
            member.Put("a", "1");
            member.Commit();
        }

        disk.DeleteDirectory(Files.Log);
        AssertLost(disk);
        MemberLog.Create(disk, Files, new LogMetadata(1, MemberSetup.ClusterId), [], SteppedMember.LogOptions);
        AssertLost(disk);
    }

    [Fact]
    public void A_page_file_that_is_lost_is_made_again_from_a_whole_log()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using (SteppedMember member = Start(disk, founders: 1))
            member.Put("a", "1");
        disk.DeleteFile(Files.PageFile);
        using SteppedMember again = Start(disk, founders: 1);
        Assert.Equal("1", again.Get("a"));
    }

    /// <summary>etcdutl leaves it as it was in the cluster that the snapshot is of.</summary>
    [Fact]
    public void A_membership_in_the_page_file_that_is_of_another_cluster_counts_for_nothing()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using (SteppedMember member = Start(disk, founders: 1))
        {
            ConfState other = ConfState.Empty with { Voters = [new NodeId(77), new NodeId(78)] };
            member.Store.Backend.Put(StoreBucket.Meta, ConfStates.Key, ConfStates.ToJson(other));
            member.Commit();
        }

        using SteppedMember again = Start(disk, founders: 1);
        Assert.Equal([1UL], again.Status.Conf.Voters.Select(voter => voter.Value));
        again.Commit();
        using StoreSnapshot store = again.Store.Backend.BeginSnapshot();
        Assert.Equal([1UL], ConfStates.Of(store).Voters.Select(voter => voter.Value));
    }

    [Fact]
    public void What_was_only_begun_is_removed_at_the_start()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using (SteppedMember member = Start(disk, founders: 1))
            member.Commit();
        Touch(disk, "tmp123");
        Touch(disk, "0000000000000001.snap.db"); // long passed
        Touch(disk, "00000000000000ff.snap.db"); // its snapshot never got into the log
        Start(disk, founders: 1).Dispose();
        IReadOnlyList<string> names = disk.List(Files.Snapshots);
        Assert.DoesNotContain("tmp123", names);
        Assert.DoesNotContain("0000000000000001.snap.db", names);
        Assert.Contains("00000000000000ff.snap.db", names);
    }

    /// <summary>One of the leader's may be noted while one of the member's own is still on its way to the
    /// log.</summary>
    [Fact]
    public void The_log_is_read_from_the_newest_snapshot_whatever_their_order()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using (SteppedMember member = Start(disk, founders: 1))
        {
            for (int put = 0; put < 10; put++)
                member.Put("a", $"{put}");
            member.Commit();
        }

        LogWriter.Open(disk, Files.Log, default, SteppedMember.LogOptions, out LogWriter log);
        using (log)
        {
            var conf = new LogConfState([1], [], [], [], AutoLeave: false);
            log.AppendSnapshot(new LogSnapshot(8, 2, conf));
            log.AppendSnapshot(new LogSnapshot(5, 2, conf));
            log.Sync();
        }

        using var backend = Backend.Open(disk, Files.PageFile, new BackendOptions { CommitLane = new InlineLane() });
        LogSummary summary = LogReader.Summarize(disk, Files.Log);
        OpenedLog opened = MemberLog.Open(disk, Files, summary, backend, SteppedMember.LogOptions);
        opened.Writer.Dispose();
        Assert.Equal(8UL, opened.Contents.From.Index);
    }

    [Fact]
    public void A_received_page_file_that_is_not_what_the_log_says_stops_the_start()
    {
        using var world = new FallenBehind();
        world.Miss();
        SimulatedDisk disk = world.Cluster.Disk(world.Id);
        ulong index = world.Leader.View.Applied;
        world.Leader.Commit();
        using (StoreSnapshot sent = world.Leader.Store.Backend.BeginSnapshot())
        {
            byte[] pages = new byte[sent.Bytes];
            sent.Read(0, pages);
            using IFile file = disk.Open(Files.ReceivedPageFile(index + 1), FileAccessMode.Create);
            file.Write(0, pages);
            file.Sync();
        }

        var files = new SnapshotFiles(disk, Files);
        Assert.False(files.TryAdmit(MessageWith(index + 1), out _, out string? finding));
        Assert.Contains($"contains entries up to {index}", finding, StringComparison.Ordinal);
        Assert.Throws<CorruptDataException>(() => files.PutInPlace(index + 1));
        using (IFile file = disk.Open(Files.ReceivedPageFile(index + 2), FileAccessMode.Create))
            file.Write(0, new byte[100]);
        Assert.False(files.TryAdmit(MessageWith(index + 2), out _, out _));
        Assert.True(disk.FileExists(Files.PageFile));
    }

    private static Message MessageWith(ulong index) => new()
    {
        Type = MessageType.Snapshot,
        Term = 9,
        Snapshot = new Snapshot(new EntryId(2, index), ConfState.Empty),
    };

    private static SteppedMember Start(SimulatedDisk disk, int founders) => SteppedMember.Start(
        disk,
        new MemberSetup(1, [.. Enumerable.Range(1, founders).Select(id => MemberSetup.Member((ulong)id))]));

    private static void AssertLost(SimulatedDisk disk)
    {
        var refusal = Assert.Throws<CorruptDataException>(() => MemberLog.Find(disk, Files));
        Assert.Contains("missing or empty", refusal.Message, StringComparison.Ordinal);
    }

    private static void Touch(SimulatedDisk disk, string name)
    {
        using IFile file = disk.Open(Path.Combine(Files.Snapshots, name), FileAccessMode.Create);
        file.Write(0, [1]);
    }

    private static string Describe(SimulatedDisk disk)
    {
        LogContents log = LogReader.Read(disk, Files.Log, default);
        IEnumerable<string> entries = log.Entries.Select(entry =>
        {
            Assert.True(ConfChangeCodec.TryDecode(entry.Data, out ConfChange? change));
            Assert.Equal(ConfChangeType.AddNode, change.Type);
            Assert.Equal(change.Node.Value, MemberJson.Decode(change.Context.Span, out _).Id);
            return $"{entry.Term}.{entry.Index} add {change.Node}";
        });
        return $"{string.Join(", ", entries)}, term {log.State.Term} commit {log.State.Commit}";
    }
}
