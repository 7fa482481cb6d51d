using Kv.Operator.Planning;
using Kv.Testing;

namespace Kv.Operator.Tests.Planning;

/// <summary>The plan in worlds where much goes wrong, with an operator that dies at any point of any action and looks
/// at old news. That nothing forbidden is asked for is checked by <see cref="SimulatedCluster"/> itself.</summary>
public sealed class PlanProperties
{
    private const int StormSteps = 150;
    private const int CalmStepsMax = 3000;

    [Theory]
    [Seeds(600)]
    public void After_any_storm_the_cluster_becomes_what_is_wanted(int seed)
    {
        var random = new Random(seed);
        SimulatedCluster world = NewWorld(random);
        var storm = new Storm(world, random);
        var operation = new SimulatedOperator(world, random);
        for (int step = 0; step < StormSteps; step++)
        {
            if (random.Next(8) == 0)
                storm.Strike();
            operation.Step();
            world.Tick();
        }

        storm.End();
        operation.FailsNoMore();
        string last = "";
        int quiet = 0;
        for (int step = 0; step < CalmStepsMax && quiet < 20; step++)
        {
            ClusterAction action = operation.Step();
            last = action.ToString();
            quiet = action is ClusterAction.Nothing ? quiet + 1 : 0;
            world.Tick();
        }

        Assert.True(quiet >= 20, $"{last}\nThe last actions:\n{operation.History}");
        AssertIsAsWanted(world);
    }

    [Theory]
    [Seeds(150)]
    public void A_deleted_cluster_goes_whatever_state_it_is_in(int seed)
    {
        var random = new Random(seed);
        SimulatedCluster world = NewWorld(random);
        world.Wanted = world.Wanted with { WhenDeleted = (VolumeFate)random.Next(2) };
        var storm = new Storm(world, random);
        var operation = new SimulatedOperator(world, random);
        int steps = random.Next(60);
        for (int step = 0; step < steps; step++)
        {
            if (random.Next(6) == 0)
                storm.Strike();
            operation.Step();
            world.Tick();
        }

        world.Wanted = world.Wanted with { IsDeleting = true };
        operation.FailsNoMore();
        bool hadFinalizer = world.HasFinalizer;
        for (int step = 0; step < 300 && world.HasFinalizer; step++)
        {
            operation.Step();
            world.Tick();
        }

        Assert.False(world.HasFinalizer);
        Assert.Empty(world.Pods);
        if (hadFinalizer)
        {
            Assert.All(world.Volumes.Values, volume => Assert.True(volume.IsRetained));
        }
    }

    [Theory]
    [Seeds(150)]
    public void A_status_that_is_lost_is_found_again_from_the_volumes(int seed)
    {
        var random = new Random(seed);
        SimulatedCluster world = NewWorld(random);
        var operation = new SimulatedOperator(world, random);
        int steps = random.Next(120);
        for (int step = 0; step < steps; step++)
        {
            operation.Step();
            world.Tick();
        }

        world.Record = new ClusterRecord();
        operation.FailsNoMore();
        int quiet = 0;
        for (int step = 0; step < CalmStepsMax && quiet < 20; step++)
        {
            quiet = operation.Step() is ClusterAction.Nothing ? quiet + 1 : 0;
            world.Tick();
        }

        Assert.True(quiet >= 20, operation.History);
        AssertIsAsWanted(world);
    }

    internal static SimulatedCluster NewWorld(Random random) => new(random)
    {
        Wanted = new WantedCluster
        {
            Name = "demo",
            Template = "t0",
            Replicas = random.Next(1, 6),
            VolumeBytes = 1,
            QuotaBytes = 10_000,
            WhenScaled = (VolumeFate)random.Next(2),
        },
    };

    internal static void AssertIsAsWanted(SimulatedCluster world)
    {
        Assert.Equal(world.Wanted.Replicas, world.Config.Count);
        Assert.All(world.Config, entry => Assert.False(entry.IsLearner));
        Assert.All(world.Config, entry => Assert.True(world.IsUp(entry.Member)));
        Assert.Equal(world.Config.Count, world.Pods.Count);
        Assert.All(world.Pods.Values, pod => Assert.Equal(world.Wanted.Template, pod.Template));
        Assert.All(world.Pods.Values, pod => Assert.True(pod.IsOpen));
        SimulatedVolume[] volumes = [.. world.Volumes.Values.Where(volume => !volume.IsRetained)];
        Assert.Equal(world.Config.Count, volumes.Length);
        Assert.All(volumes, volume => Assert.True(volume.Capacity >= world.Wanted.VolumeBytes));
        Assert.Empty(world.Alarms);
        Assert.All(world.Record.Members, member => Assert.Equal(MemberPhase.Ready, member.Phase));
    }
}
