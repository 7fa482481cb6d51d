using Kv.Raft;
using Kv.Testing;

namespace Kv.Node.Tests.Raft;

public sealed class RandomClusterTests
{
    private const int Steps = 8000;
    private const int RoundsMax = 600;
    private const int CalmRoundsMax = 10;

    /// <summary>Whatever happens, <see cref="ClusterRules"/> and <see cref="QuorumWatch"/> hold at every step. And once
    /// trouble ends, the cluster works: it agrees, answers reads, and hands over leadership when asked.</summary>
    [Theory]
    [Seeds(60)]
    public void A_cluster_in_trouble_keeps_its_promises_and_recovers(int seed)
    {
        var cluster = new RandomCluster(seed);
        Trouble(cluster, seed);
        Recover(cluster);
        if (!cluster.AsksFirst || !cluster.ChecksQuorum)
            return;

        AnswerReads(cluster);
        HandOver(cluster);
    }

    /// <summary>Rules that nothing puts to the test hold easily: see that there were elections, losses, snapshots and
    /// changes in number.</summary>
    [Fact]
    public void Trouble_is_real_and_work_is_done_in_it()
    {
        int applied = 0;
        int leaders = 0;
        int reads = 0;
        int proven = 0;
        var sum = new RandomClusterTally();
        for (int seed = 1001; seed <= 1020; seed++)
        {
            var cluster = new RandomCluster(seed);
            Trouble(cluster, seed);
            applied += cluster.Rules.AppliedCount;
            leaders += cluster.Rules.LeaderCount;
            reads += cluster.Rules.AnsweredReadCount;
            sum.Crashes += cluster.Tally.Crashes;
            sum.Dropped += cluster.Tally.Dropped;
            sum.Restored += cluster.Tally.Restored;
            sum.Changed += cluster.Tally.Changed;
            sum.JointSeen += cluster.Tally.JointSeen;
            proven += cluster.QuorumWatch.Proven;
        }

        string found = $"applied {applied}, leaders {leaders}, reads {reads}, crashes {sum.Crashes}, "
            + $"dropped {sum.Dropped}, restored {sum.Restored}, changed {sum.Changed}, joint {sum.JointSeen}, "
            + $"leaders with quorum {proven}";
        TestContext.Current.TestOutputHelper?.WriteLine(found);
        Assert.True(
            applied > 700 && leaders > 50 && reads > 100 && sum.Crashes > 200
            && sum.Dropped > 3 && sum.Restored > 5 && sum.Changed > 50 && sum.JointSeen > 100
            && proven > 100,
            found);
    }

    private static void Trouble(RandomCluster cluster, int seed)
    {
        // Much trouble in some runs, little in others: each finds what the other hides.
        double trouble = seed % 4 / 3.0;
        for (int step = 0; step < Steps; step++)
            cluster.Step(trouble);
    }

    private static void Recover(RandomCluster cluster)
    {
        cluster.Heal();
        for (int round = 0; round < RoundsMax; round++)
        {
            cluster.Round();
            if (cluster.Leader is { } leader && HasSettled(cluster, leader))
                return;
            if (round % 20 == 19 && cluster.Leader is { } proposer)
                proposer.Raft.Propose("after all"u8.ToArray());
        }

        Assert.Fail($"The cluster does not recover:\n{string.Join('\n', cluster.Members)}");
    }

    /// <summary>In calm no question gets lost.</summary>
    private static void AnswerReads(RandomCluster cluster)
    {
        ConfState conf = cluster.Leader!.Raft.Conf;
        var open = new Dictionary<ulong, Member>();
        foreach (Member member in cluster.Members.Where(member => conf.Voters.Contains(member.Id)))
            open.Add(cluster.Read(member), member);
        for (int round = 0; round < CalmRoundsMax && open.Count > 0; round++)
        {
            cluster.Round();
            foreach ((ulong context, Member member) in open.ToList())
            {
                if (member.ReadStates.Exists(read => read.Context == context))
                    open.Remove(context);
            }
        }

        Assert.True(open.Count == 0, $"Reads of {string.Join(", ", open.Values)} are not answered.");
    }

    /// <summary>In calm the one who is asked to lead does so, without a term in between.</summary>
    private static void HandOver(RandomCluster cluster)
    {
        Member leader = cluster.Leader!;
        ulong term = leader.Raft.Term;
        Member? heir = cluster.Members.FirstOrDefault(member =>
            member != leader && leader.Raft.Conf.Voters.Contains(member.Id));
        if (heir is null)
            return; // the cluster has become one of one

        cluster.TransferLeader(leader, heir.Id);
        for (int round = 0; round < CalmRoundsMax && cluster.Leader != heir; round++)
            cluster.Round();
        Assert.True(
            cluster.Leader == heir && heir.Raft.Term == term + 1,
            $"{heir} was to lead:\n{string.Join('\n', cluster.Members)}");
    }

    /// <summary>Whether the last proposal is applied by all who are in the cluster.</summary>
    private static bool HasSettled(RandomCluster cluster, Member leader)
    {
        ConfState conf = leader.Raft.Conf;
        return leader.Store.History is [.., (_, "after all")]
            && cluster.Members.All(member =>
                member.Store.Applied == leader.Store.Applied
                || !(conf.Voters.Contains(member.Id) || conf.Learners.Contains(member.Id)));
    }
}
