using Kv.Raft;
using Kv.Store;

namespace Kv.Node.Tests.Replication;

/// <summary>Members come and go while the cluster works.</summary>
public sealed class MembershipTests
{
    private const ulong Joining = 4;

    /// <summary>Its log is empty; the leader's goes back to the beginning.</summary>
    [Fact]
    public void A_learner_joins_by_the_log_and_is_promoted_and_removed()
    {
        using var cluster = new SteppedCluster();
        cluster.Put(cluster.Elect(), "a", "1");
        Join(cluster, throughFollower: false);
        Assert.Equal(0, cluster.Network.SnapshotsSent);
        LiveAndLeave(cluster);
    }

    [Fact]
    public void A_learner_joins_by_a_snapshot_and_is_promoted_and_removed()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        for (int put = 0; put < 60; put++)
            cluster.Put(leader, "a", $"{put}");
        Join(cluster, throughFollower: true);
        Assert.Equal(1, cluster.Network.SnapshotsSent);
        LiveAndLeave(cluster);
    }

    [Fact]
    public void A_member_that_joins_may_start_again_before_it_has_heard_of_anybody()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        Assert.Equal(KvError.None, Add(cluster, leader));
        cluster.Network.Held.Add(MessageType.Append);
        cluster.Network.Held.Add(MessageType.Heartbeat);
        for (int life = 0; life < 3; life++)
        {
            cluster.Start(Joining);
            cluster.Kill(Joining);
        }

        cluster.Start(Joining);
        cluster.Network.Held.Clear();
        cluster.Elect();
        cluster.AssertEqual();
    }

    [Fact]
    public void A_change_that_is_refused_when_it_is_applied_changes_nothing()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        foreach (SteppedMember member in cluster.Members.ToList())
        {
            Assert.Equal(KvError.MemberExists, cluster.Change(
                member, ConfChangeType.AddNode, leader.Id.Value, MemberJson.Encode(MemberSetup.Member(88))));
            Assert.Equal(KvError.MemberNotFound, cluster.Change(member, ConfChangeType.RemoveNode, 99, []));
        }

        cluster.AssertEqual();
        Assert.Equal([1UL, 2, 3], leader.Status.Conf.Voters.Select(voter => voter.Value));
    }

    [Fact]
    public void A_leader_that_is_removed_makes_room_for_another()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        Assert.Equal(KvError.None, cluster.Change(leader, ConfChangeType.RemoveNode, leader.Id.Value, []));
        Assert.Equal(1, leader.RemovedCount);
        Assert.True(leader.View.IsRemoved);
        cluster.Kill(leader.Id.Value);
        cluster.Put(cluster.Elect(), "a", "1");
        cluster.AssertEqual();
        Assert.Equal(2, cluster.Leader.Status.Conf.Voters.Count);
    }

    private static void Join(SteppedCluster cluster, bool throughFollower)
    {
        SteppedMember through = throughFollower ? cluster.Followers.First() : cluster.Leader;
        Assert.Equal(KvError.None, Add(cluster, through));
        cluster.Start(Joining);
        cluster.Elect();
        cluster.AssertEqual();
        Assert.Equal([Joining], cluster.Leader.Status.Conf.Learners.Select(learner => learner.Value));
    }

    private static void LiveAndLeave(SteppedCluster cluster)
    {
        SteppedMember learner = cluster[Joining];
        cluster.Put(learner, "b", "through the learner");
        byte[] promotion = MemberJson.EncodePromotion(Joining);
        Assert.Equal(KvError.None, cluster.Change(learner, ConfChangeType.AddNode, Joining, promotion));
        cluster.AssertEqual();
        Assert.Equal(4, cluster.Leader.Status.Conf.Voters.Count);
        Assert.Equal(KvError.MemberNotLearner, cluster.Change(learner, ConfChangeType.AddNode, Joining, promotion));

        // Its vote counts: with it, two of the founders can be missed in turn.
        cluster.Kill(1);
        cluster.Elect();
        cluster.Put(cluster.Leader, "c", "x");
        cluster.Start(1);
        cluster.Elect();
        Assert.Equal(KvError.None, cluster.Change(cluster[2], ConfChangeType.RemoveNode, Joining, []));
        cluster.Until(() => learner.View.IsRemoved, "the member that was removed knows it");
        Assert.Equal(1, learner.RemovedCount);
        cluster.Kill(Joining);
        cluster.Elect();
        cluster.AssertEqual();
        Assert.Equal(3, cluster.Leader.Status.Conf.Voters.Count);
        Assert.True(cluster.Leader.Store.Members.IsRemoved(Joining));
    }

    private static KvError Add(SteppedCluster cluster, SteppedMember through)
    {
        ClusterMember learner = MemberSetup.Member(Joining) with { IsLearner = true, Name = "" };
        return cluster.Change(through, ConfChangeType.AddLearnerNode, Joining, MemberJson.Encode(learner));
    }
}
