using System.Text;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Node.Tests.Store;
using Kv.Node.Tests.Watching;
using Kv.Raft;
using Kv.Replication;
using Kv.Storage.Pages;
using Kv.Storage.Snap;
using Kv.Store;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Replication;

/// <summary>A follower is so far behind that the leader sends it the whole store.</summary>
public sealed class InstallTests
{
    [Fact]
    public void A_follower_that_is_too_far_behind_is_sent_the_store()
    {
        using var world = new FallenBehind();
        world.Miss();
        world.CatchUp();
        Assert.Equal(1, world.Cluster.Network.SnapshotsSent);
        world.Cluster.AssertEqual();

        // And is a member as before: it applies, answers, and starts again.
        world.Cluster.Put(world.Follower, "after", "x");
        world.Cluster.Kill(world.Id);
        world.Cluster.Put(world.Leader, "later", "y");
        world.Cluster.Start(world.Id);
        world.Cluster.Elect();
        world.Cluster.AssertEqual();
        Assert.Equal("x", world.Follower.Get("after"));
    }

    [Fact]
    public void All_parts_of_the_store_come_with_it()
    {
        using var world = new FallenBehind();
        world.Apply(new InternalRaftRequest { LeaseGrant = new LeaseGrantRequest { ID = 5, TTL = 60 } });
        world.Miss(leader =>
        {
            world.Apply(new InternalRaftRequest { LeaseRevoke = new LeaseRevokeRequest { ID = 5 } });
            world.Apply(new InternalRaftRequest { LeaseGrant = new LeaseGrantRequest { ID = 6, TTL = 60 } });
            PendingPut put = leader.BeginPut("leased", "x", lease: 6);
            world.Cluster.Settle();
            put.Revision();
            world.Apply(new InternalRaftRequest
            {
                Alarm = new AlarmRequest
                {
                    Action = AlarmRequest.Types.AlarmAction.Activate,
                    Alarm = AlarmType.Nospace,
                    MemberID = 1,
                },
            });
            world.Apply(new InternalRaftRequest
            {
                Alarm = new AlarmRequest
                {
                    Action = AlarmRequest.Types.AlarmAction.Deactivate,
                    Alarm = AlarmType.Nospace,
                    MemberID = 1,
                },
            });
            world.Apply(new InternalRaftRequest { AuthRoleAdd = new AuthRoleAddRequest { Name = "reader" } });
            world.Apply(new InternalRaftRequest
            {
                ClusterVersionSet = new Membershippb.ClusterVersionSetRequest { Ver = "3.6.0" },
            });
        });
        StoreParts store = world.Follower.Store;
        world.CatchUp();

        Assert.Same(store, world.Follower.Store);
        Assert.False(store.Leases.Exists(5));
        Assert.True(store.Leases.TryGetKeys(6, out byte[][]? keys));
        Assert.Equal(["leased"], keys.Select(Encoding.UTF8.GetString));
        Assert.Empty(store.Alarms.Texts());
        Assert.Equal(["reader"], store.Auth.RoleNames);
        Assert.Equal(world.Leader.Store.Auth.Revision, store.Auth.Revision);
        Assert.Equal("3.6.0", store.Members.Version);
        Assert.Equal(1, world.Follower.Tokens.DropAllCount);

        // They go on from there, as the leader's do.
        world.Apply(new InternalRaftRequest { LeaseRevoke = new LeaseRevokeRequest { ID = 6 } });
        Assert.Null(world.Follower.Get("leased"));
        world.Cluster.AssertEqual();
    }

    [Fact]
    public void Reads_under_way_end_in_the_store_they_began_in()
    {
        using var world = new FallenBehind();
        StoreParts store = world.Follower.Store;
        world.Follower.Commit();
        using RangeReply all = store.Kv.Range(Some.Range("key", "kez").ToByteArray(), StoreWorld.Header);
        RangeStream stream = store.Kv.OpenStream(Some.Range("key", "kez").ToByteArray(), 1);
        using (RangeReply part = stream.Next(StoreWorld.Header))
            Assert.Equal(10, part.KeyCount);
        using ReadTransaction file = store.Backend.BeginRead();
        byte[] before = new byte[file.Bytes];
        file.ReadSnapshot(0, before);

        world.Miss();
        world.CatchUp();
        RangeResponse old = RangeResponse.Parser.ParseFrom(StoreWorld.Copy(all, 100));
        Assert.Equal(10, old.Count);
        Assert.All(old.Kvs, row => Assert.Equal("old", row.Value.ToStringUtf8()));
        byte[] after = new byte[file.Bytes];
        Assert.Equal(after.Length, file.ReadSnapshot(0, after));
        Assert.True(before.AsSpan().SequenceEqual(after));
        Assert.Equal("59", world.Follower.Get("key14"));
    }

    [Fact]
    public void Watchers_are_told_all_that_happened_meanwhile()
    {
        using var world = new FallenBehind();
        (WatchHub hub, WatchClient client) = Watch(world.Follower);
        long before = world.Follower.Store.Kv.CurrentRevision;
        client.Stream.Create(new WatchCreate(WatchRange.Of("key"u8, "kez"u8)));
        world.Miss();
        world.CatchUp();
        world.Cluster.Put(world.Leader, "key0", "live");

        long[] told = [.. Events(client).Select(told => told.Kv.ModRevision)];
        Assert.Equal(Enumerable.Range(1, 61).Select(offset => before + offset), told);
        Assert.Equal(0, hub.Counters.SlowWatchers);
    }

    [Fact]
    public void Watchers_whose_past_is_compacted_are_told_so()
    {
        using var world = new FallenBehind();
        (WatchHub _, WatchClient client) = Watch(world.Follower);
        client.Stream.Create(new WatchCreate(WatchRange.Of("key"u8, "kez"u8)));
        long next = world.Follower.Store.Kv.CurrentRevision + 1;
        world.Miss(leader =>
        {
            world.Cluster.Put(leader, "key0", "x");
            world.Cluster.Put(leader, "key0", "y");
            world.Apply(new InternalRaftRequest { Compaction = new CompactionRequest { Revision = next + 1 } });
        });
        world.CatchUp();
        WatchResponse last = client.ReadAll()[^1];
        Assert.True(last.Canceled);
        Assert.Equal(next + 1, last.CompactRevision);
    }

    /// <summary>Nobody can tell what became of it: its entry may be part of what was sent.</summary>
    [Fact]
    public void A_write_that_waits_goes_on_waiting()
    {
        using var world = new FallenBehind();
        world.Cluster.Network.Held.Add(MessageType.Append);
        PendingPut put = world.Follower.BeginPut("through", "x");
        world.Cluster.Settle(); // the leader has it
        world.Miss(_ => world.Cluster.Network.Held.Clear());
        world.CatchUp();
        Assert.Equal("x", world.Follower.Get("through"));
        Assert.True(put.IsWaiting);
        world.Cluster.Until(() => !put.IsWaiting, "its time is up");
        Assert.Equal(KvError.Timeout, put.Outcome());
    }

    [Fact]
    public void The_log_goes_on_from_a_snapshot_that_took_long_to_send()
    {
        using var world = new FallenBehind();
        world.Miss();
        world.Cluster.Network.Held.Add(MessageType.Snapshot);
        world.Cluster.Network.Heal();
        world.Cluster.Until(() => world.Cluster.Network.SnapshotsSent == 1, "the snapshot is on its way");
        for (int put = 0; put < 60; put++)
            world.Cluster.Put(world.Leader, $"key{put}", "while it was sent");

        world.Cluster.Network.Held.Clear();
        world.CatchUp();
        Assert.Equal(1, world.Cluster.Network.SnapshotsSent);
        world.Cluster.AssertEqual();
    }

    [Fact]
    public void A_snapshot_that_got_lost_is_sent_again()
    {
        using var world = new FallenBehind();
        world.Miss();
        world.Cluster.Network.Held.Add(MessageType.Snapshot);
        world.Cluster.Network.Heal();
        world.Cluster.Until(() => world.Cluster.Network.SnapshotsSent == 1, "the snapshot is on its way");
        world.Cluster.Network.Cut(world.Leader.Id, world.Follower.Id);
        world.Cluster.Network.Held.Clear();
        world.Cluster.Settle();
        world.CatchUp();
        Assert.Equal(2, world.Cluster.Network.SnapshotsSent);
        world.Cluster.AssertEqual();
    }

    [Fact]
    public void What_is_sent_says_of_itself_what_it_is()
    {
        using var world = new FallenBehind();
        world.Leader.Commit();
        using StoreSnapshot sent = world.Leader.Store.Backend.BeginSnapshot();
        Assert.Equal(world.Leader.View.Applied, sent.Index);
        Assert.Equal(world.Leader.View.Term, sent.Term);
        Assert.Equal(world.Leader.Status.Conf, ConfStates.Of(sent));
        string members = Encoding.UTF8.GetString(sent.ToV2StoreJson());
        Assert.All(sent.Members, member => Assert.Contains($"/0/members/{member.Id}/raftAttributes", members,
            StringComparison.Ordinal));
    }

    [Fact]
    public void The_membership_of_the_snapshot_is_what_later_changes_build_on()
    {
        using var world = new FallenBehind();
        world.Miss(leader => AddLearner(world, 4));
        world.CatchUp();
        byte[] moved = MemberJson.Encode(MemberSetup.Member(1) with { PeerUrls = ["http://127.0.0.50:2380"] });
        Assert.Equal(KvError.None, world.Cluster.Change(world.Leader, ConfChangeType.UpdateNode, 1, moved));
        world.Cluster.AssertEqual();
        world.Follower.Commit();
        world.Cluster.Kill(world.Id);
        world.Cluster.Start(world.Id);
        world.Cluster.Elect();
        world.Cluster.AssertEqual();
        Assert.Equal([4UL], world.Follower.Status.Conf.Learners.Select(learner => learner.Value));
    }

    /// <summary>Its entries between the two are there twice: in the store that was sent, and in the log.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_store_that_is_further_than_its_message_says_applies_nothing_twice(bool isOfEtcd34)
    {
        using var world = new FallenBehind();
        world.Cluster.Network.TakesAsTold = isOfEtcd34;
        world.Miss();
        ConfState conf = world.Leader.Status.Conf;
        world.Cluster.Network.Held.Add(MessageType.Snapshot);
        world.Cluster.Put(world.Leader, "a", "1");
        AddLearner(world, 4);
        world.Cluster.Put(world.Leader, "b", "2");
        world.Cluster.Network.Understate = id => (new EntryId(id.Term, id.Index - 3), conf);
        world.Cluster.Network.Held.Clear();
        world.CatchUp();
        Assert.Equal(1, world.Cluster.Network.SnapshotsSent);
        world.Cluster.AssertEqual();
        Assert.Equal([4UL], world.Follower.Status.Conf.Learners.Select(learner => learner.Value));
    }

    /// <summary>The entries between the two are not in its log yet when the power goes.</summary>
    [Fact]
    public void A_store_that_is_further_than_its_message_says_outlives_a_crash()
    {
        using var world = new FallenBehind();
        world.Miss();
        ConfState conf = world.Leader.Status.Conf;
        MemoryNetwork network = world.Cluster.Network;
        network.Held.Add(MessageType.Snapshot);
        network.Understate = id => (new EntryId(id.Term, id.Index - 3), conf);
        network.Heal();
        world.Cluster.Until(() => network.SnapshotsSent == 1, "a snapshot is on its way");
        ulong sent = world.Leader.View.Applied;
        network.Held.Add(MessageType.Append);
        network.Held.Remove(MessageType.Snapshot);
        world.Cluster.Until(() => world.Follower.View.Applied >= sent - 3, "it is installed");

        world.Cluster.Kill(world.Id);
        world.Cluster.Disk(world.Id).Crash();
        world.Cluster.Start(world.Id);

        Assert.Equal(sent, world.Follower.View.Applied);
        network.Held.Clear();
        world.Cluster.Elect();
        world.Cluster.AssertEqual();
    }

    [Fact]
    public void The_files_of_the_membership_and_the_received_ones_are_kept_in_order()
    {
        using var world = new FallenBehind();
        world.Miss();
        world.CatchUp();
        IReadOnlyList<string> names = world.Cluster.Disk(world.Id).List(SteppedMember.Files.Snapshots);
        Assert.DoesNotContain(names, name => name.EndsWith(".snap.db", StringComparison.Ordinal));
        string newest = Path.Combine(SteppedMember.Files.Snapshots,
            SnapDirectory.Names(world.Cluster.Disk(world.Id), SteppedMember.Files.Snapshots)[^1]);
        SnapFile? snap = SnapDirectory.Load(world.Cluster.Disk(world.Id), newest, out string fault);
        Assert.True(snap is not null, fault);
        Assert.Equal([1UL, 2UL, 3UL], snap.Members.Voters);
        Assert.False(snap.Document.IsEmpty);
    }

    /// <summary>The page file would be missing when it is to be installed, which would be the end of the
    /// member.</summary>
    [Fact]
    public void A_snapshot_without_its_page_file_is_passed_over()
    {
        using var world = new FallenBehind();
        ulong applied = world.Follower.View.Applied;
        world.Follower.Inbox.Post(ReplicaEvent.Received(new Message
        {
            Type = MessageType.Snapshot,
            From = world.Leader.Id,
            To = world.Follower.Id,
            Term = world.Leader.View.Term,
            Snapshot = new Snapshot(new EntryId(world.Leader.View.Term, 1000), world.Leader.Status.Conf),
        }));
        world.Cluster.Settle();
        Assert.Equal(applied, world.Follower.View.Applied);
        world.Cluster.AssertEqual();
    }

    private static void AddLearner(FallenBehind world, ulong id)
    {
        byte[] learner = MemberJson.Encode(MemberSetup.Member(id) with { IsLearner = true });
        Assert.Equal(KvError.None, world.Cluster.Change(world.Leader, ConfChangeType.AddLearnerNode, id, learner));
    }

    private static (WatchHub Hub, WatchClient Client) Watch(SteppedMember member)
    {
        var identity = new WatchIdentity(MemberSetup.ClusterId, member.Id.Value, () => member.View.Term);
        var hub = new WatchHub(member.Store.Kv, new InlineLane(), identity, WatchLimits.Default, new Random(1));
        member.Store.Kv.Changes = hub;
        return (hub, new WatchClient(hub));
    }

    private static IEnumerable<Mvccpb.Event> Events(WatchClient client) =>
        client.ReadAll().SelectMany(response => response.Events);
}
