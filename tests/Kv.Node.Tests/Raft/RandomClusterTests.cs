using Kv.Raft;
using Kv.Testing;

namespace Kv.Node.Tests.Raft;

public sealed class RandomClusterTests
{
    private const int Steps = 8000;
    private const int RoundsMax = 600;

    /// <summary>Whatever happens, there is one leader in a term, no node votes twice in one, logs that share an entry
    /// share all before it, a leader has all that was committed, no two stores differ, and no read misses what was
    /// committed before it was asked: see <see cref="ClusterRules"/>. And once trouble ends, the cluster
    /// works.</summary>
    [Theory]
    [Seeds(60)]
    public void A_cluster_in_trouble_keeps_its_promises_and_recovers(int seed)
    {
        var cluster = new RandomCluster(seed);
        Trouble(cluster, seed);
        Recover(cluster);
    }

    /// <summary>Rules that nothing puts to the test hold easily: see that there were elections, losses, snapshots and
    /// changes in number.</summary>
    [Fact]
    public void Trouble_is_real_and_work_is_done_in_it()
    {
        int applied = 0;
        int leaders = 0;
        int reads = 0;
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
        }

        string found = $"applied {applied}, leaders {leaders}, reads {reads}, crashes {sum.Crashes}, "
            + $"dropped {sum.Dropped}, restored {sum.Restored}, changed {sum.Changed}, joint {sum.JointSeen}";
        TestContext.Current.TestOutputHelper?.WriteLine(found);
        Assert.True(
            applied > 700 && leaders > 50 && reads > 100 && sum.Crashes > 200
            && sum.Dropped > 3 && sum.Restored > 5 && sum.Changed > 50 && sum.JointSeen > 100,
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
