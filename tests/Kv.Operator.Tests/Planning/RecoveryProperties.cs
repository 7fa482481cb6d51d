using Kv.Operator.Planning;
using Kv.Testing;

namespace Kv.Operator.Tests.Planning;

/// <summary>Clusters that lose a quorum for good, with an operator that dies at any point of any action and looks at
/// old news. That nobody else of the old cluster runs, or could, when one is made of its survivor or of a snapshot is
/// checked by <see cref="SimulatedCluster"/>.</summary>
public sealed class RecoveryProperties
{
    private const int StepsMax = 3000;

    [Theory]
    [Seeds(400)]
    public void A_lost_quorum_stays_lost_until_somebody_asks_and_then_the_cluster_comes_back(int seed)
    {
        var random = new Random(seed);
        SimulatedCluster world = PlanProperties.NewWorld(random);
        Settle(world, new SimulatedOperator(world, random));
        var operation = new SimulatedOperator(world, random);
        MemberEntry[] before = [.. world.Config];
        ulong clusterId = world.Record.ClusterId;
        MemberEntry[] left = LoseQuorum(world, random);

        for (int step = 0; step < 60; step++)
        {
            operation.Step();
            world.Tick();
        }

        Assert.Equal(before.Select(entry => entry.Id), world.Config.Select(entry => entry.Id));
        Assert.DoesNotContain(world.Volumes.Values, volume => volume.IsRetained);

        bool fromSurvivor = left.Length > 0 && random.Next(3) != 0;
        string survivor = fromSurvivor ? left[random.Next(left.Length)].Member : "";
        string text = fromSurvivor ? $"survivor={survivor},confirm=u" : "snapshot=daily,confirm=u";
        world.Wanted = world.Wanted with { Recovery = RecoveryRequest.Read(text, "u") };
        Disturb(world, operation, random);
        Settle(world, operation);

        PlanProperties.AssertIsAsWanted(world);
        Assert.Null(world.Record.Recovery);
        Assert.Equal(1, world.Record.LastRecovery!.Number);
        Assert.Equal(fromSurvivor, world.Record.ClusterId == clusterId);
        Assert.Equal(fromSurvivor, world.Config.Any(entry => before.Any(old => old.Id == entry.Id)));
        Assert.True(!fromSurvivor || world.Config[0].Member == survivor);
    }

    [Theory]
    [Seeds(100)]
    public void A_quorum_that_comes_back_needs_no_recovery_and_none_is_made(int seed)
    {
        var random = new Random(seed);
        SimulatedCluster world = PlanProperties.NewWorld(random);
        Settle(world, new SimulatedOperator(world, random));
        var operation = new SimulatedOperator(world, random);
        ulong[] before = [.. world.Config.Select(entry => entry.Id)];
        foreach (MemberEntry entry in world.Config)
            world.Silence(entry.Member, TimeSpan.FromSeconds(random.Next(20, 200)));

        // Pods that run though nobody hears of them are a quorum that may serve.
        world.Wanted = world.Wanted with
        {
            Recovery = RecoveryRequest.Read($"survivor={world.Config[0].Member},confirm=u", "u"),
        };
        Disturb(world, operation, random);
        world.EndSilence();
        world.Wanted = world.Wanted with { Recovery = null };
        Settle(world, operation);

        PlanProperties.AssertIsAsWanted(world);
        Assert.Null(world.Record.LastRecovery);
        Assert.Equal(before, world.Config.Select(entry => entry.Id));
    }

    private static void Disturb(SimulatedCluster world, SimulatedOperator operation, Random random)
    {
        for (int step = 0; step < 60; step++)
        {
            SimulatedPod[] pods = [.. world.Pods.Values.Where(pod => pod.UpSince is not null)];
            if (pods.Length > 0 && world.Wanted.Recovery is { Survivor: "" } && random.Next(20) == 0)
                world.Crash(pods[random.Next(pods.Length)], "killed");
            operation.Step();
            world.Tick();
        }
    }

    /// <summary>So many members lose their volumes, or the data on them, that the others are no quorum.</summary>
    private static MemberEntry[] LoseQuorum(SimulatedCluster world, Random random)
    {
        MemberEntry[] members = [.. world.Config];
        random.Shuffle(members);
        int losses = random.Next(members.Length - (members.Length / 2), members.Length + 1);
        foreach (MemberEntry victim in members.Take(losses))
        {
            SimulatedPod pod = world.Pods[victim.Member];
            if (random.Next(2) == 0)
            {
                world.Volumes[victim.Member].IsTerminating = true;
                world.Stop(pod);
            }
            else
            {
                world.Volumes[victim.Member].Store!.IsBroken = true;
                world.Crash(pod, "broken data");
            }
        }

        return members[losses..];
    }

    private static void Settle(SimulatedCluster world, SimulatedOperator operation)
    {
        operation.FailsNoMore();
        int quiet = 0;
        for (int step = 0; step < StepsMax && quiet < 20; step++)
        {
            quiet = operation.Step() is ClusterAction.Nothing ? quiet + 1 : 0;
            world.Tick();
        }

        Assert.True(quiet >= 20, operation.History);
    }
}
