using Kv.Raft;
using Kv.Storage;
using Kv.Store;

namespace Kv.Node.Tests.Replication;

/// <summary>Most members are lost for good; one of the rest becomes a cluster of its own.</summary>
public sealed class ForcedClusterTests
{
    [Fact]
    public void A_member_goes_on_alone_with_all_that_it_holds()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        for (int put = 0; put < 30; put++)
            cluster.Put(leader, $"key{put}", "x");
        cluster.AssertEqual();
        long revision = leader.Store.Kv.CurrentRevision;

        // Had a follower taken it, it could have been acknowledged by now.
        ulong survivor = leader.Id.Value;
        foreach (ulong lost in cluster.Followers.Select(member => member.Id.Value).ToList())
            cluster.Kill(lost);
        leader.BeginPut("nobody", "agreed");
        cluster.Settle();
        Assert.Null(leader.Get("nobody"));
        cluster.Kill(survivor);

        SteppedMember alone = cluster.Start(survivor, isForced: true);
        AssertAlone(cluster, alone);
        Assert.Equal("agreed", alone.Get("nobody"));
        Assert.Equal("x", alone.Get("key29"));
        Assert.Equal(revision + 2, cluster.Put(alone, "after", "x"));

        // And it is so for good.
        cluster.Kill(survivor);
        alone = cluster.Start(survivor);
        AssertAlone(cluster, alone);
        Assert.Equal("x", alone.Get("after"));
        Assert.True(alone.Store.Members.IsRemoved(survivor == 1 ? 2UL : 1UL));
    }

    [Fact]
    public void A_learner_is_promoted_by_it()
    {
        using var cluster = new SteppedCluster(founders: 1);
        SteppedMember leader = cluster.Elect();
        byte[] learner = MemberJson.Encode(MemberSetup.Member(2) with { IsLearner = true });
        Assert.Equal(KvError.None, cluster.Change(leader, ConfChangeType.AddLearnerNode, 2, learner));
        cluster.Start(2);
        cluster.Elect();
        cluster.Put(leader, "a", "1");
        cluster.AssertEqual();
        cluster.Kill(1);
        cluster.Kill(2);

        SteppedMember alone = cluster.Start(2, isForced: true);
        AssertAlone(cluster, alone);
        Assert.Equal("1", alone.Get("a"));
    }

    /// <summary>It was told of a cluster, and lost before it heard of its own part in it.</summary>
    [Fact]
    public void A_member_that_is_in_no_membership_adds_itself()
    {
        using var cluster = new SteppedCluster();
        cluster.Put(cluster.Elect(), "a", "1");
        cluster.Start(4);
        foreach (ulong id in (ulong[])[1, 2, 3, 4])
            cluster.Kill(id);

        SteppedMember alone = cluster.Start(4, isForced: true);
        AssertAlone(cluster, alone);
        Assert.Equal(["http://127.0.0.99:2380"], alone.Store.Members.Members[0].PeerUrls);
    }

    [Fact]
    public void A_member_that_was_removed_cannot()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        ulong removed = cluster.Followers.First().Id.Value;
        Assert.Equal(KvError.None, cluster.Change(leader, ConfChangeType.RemoveNode, removed, []));
        cluster[removed].Commit();
        cluster.Kill(removed);

        var refusal = Assert.Throws<CorruptDataException>(() => cluster.Start(removed, isForced: true));
        Assert.Contains("was removed", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>It would be removed for good by what nobody may have agreed on.</summary>
    [Fact]
    public void A_member_whose_removal_is_not_known_to_be_committed_gives_that_up()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        ulong survivor = leader.Id.Value;
        foreach (ulong lost in cluster.Followers.Select(member => member.Id.Value).ToList())
            cluster.Kill(lost);
        leader.BeginPut("before", "x");
        leader.BeginChange(ConfChangeType.RemoveNode, survivor, []);
        cluster.Settle();
        leader.BeginPut("behind", "x");
        cluster.Settle();
        cluster.Kill(survivor);

        SteppedMember alone = cluster.Start(survivor, isForced: true);
        AssertAlone(cluster, alone);
        Assert.Equal("x", alone.Get("before"));
        Assert.Null(alone.Get("behind"));
    }

    private static void AssertAlone(SteppedCluster cluster, SteppedMember alone)
    {
        cluster.Settle();
        Assert.True(alone.View.IsLeader);
        Assert.True(alone.View.ReadsLocally);
        Assert.Equal([alone.Id], alone.Status.Conf.Voters);
        Assert.Empty(alone.Status.Conf.Learners);
        Assert.Equal([alone.Id.Value], alone.Store.Members.Members.Select(member => member.Id));
    }
}
