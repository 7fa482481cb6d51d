using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Testing;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>Whole lives of clusters while calls fail in every way, caches are behind, watches are cut, the operator
/// dies, and an older operator still believes that it leads.</summary>
public sealed class StormTests
{
    private const int StepsMax = 6000;

    [Theory]
    [Seeds(10)]
    public async Task Every_change_is_finished_in_a_storm(int seed)
    {
        foreach (Scenario scenario in Scenario.All)
        {
            var random = new Random(seed);
            using Harness harness = await scenario.PrepareAsync(isCacheBehind: true);
            harness.Members.AreViewsLate = true;
            harness.Fate.Strike = Blows.Storm(random, percent: random.Next(5, 25));

            scenario.Change(harness);
            bool isOver = false;
            for (int step = 0; step < StepsMax && !isOver; step++)
            {
                await StepAsync(harness, random);
                isOver = scenario.IsOver(harness);
            }

            Assert.True(isOver, $"{scenario}: {harness.Tell()}");
            Assert.Equal(
                (scenario.Name, scenario.Adds, scenario.Removes),
                (scenario.Name, harness.Fate.CountOf("add"), harness.Fate.CountOf("remove")));
        }
    }

    /// <summary>Changes that come before the last is finished.</summary>
    [Theory]
    [Seeds(20)]
    public async Task Changes_of_mind_in_a_storm_end_in_what_was_said_last(int seed)
    {
        var random = new Random(seed);
        using var harness = new Harness(random.Next(1, 4), isCacheBehind: true);
        harness.Members.AreViewsLate = true;
        for (int change = 0; change < 6; change++)
        {
            harness.Fate.Strike = Blows.Storm(random, percent: random.Next(0, 25));
            int steps = random.Next(5, 120);
            for (int step = 0; step < steps; step++)
                await StepAsync(harness, random);
            ChangeMind(harness, random, change);
        }

        harness.Fate.Strike = null;
        (harness.Cache.IsCut, harness.Cache.Lag) = (false, 0);
        await harness.SettleAsync();

        Assert.Equal(harness.Cluster!.Spec.Replicas, harness.Members.VoterCount);
    }

    private static void ChangeMind(Harness harness, Random random, int change)
    {
        switch (random.Next(4))
        {
            case 0:
                harness.Change(cluster => cluster.Spec.Image = $"good:3.7.{change}");
                break;
            case 1:
                harness.Change(cluster => cluster.Spec.Storage.Size = $"{20 + change}Gi");
                break;
            case 2 when harness.Members.VoterCount >= 3:
                harness.Api.MarkDeleted<V1PersistentVolumeClaim>(
                    harness.Api.All<V1PersistentVolumeClaim>()[^1].Name());
                break;
            default:
                harness.Change(cluster => cluster.Spec.Replicas = random.Next(1, 6));
                break;
        }
    }

    /// <summary>A turn of the world in which the operator passes as often as it likes, and sees as much as it may.
    /// </summary>
    private static async Task StepAsync(Harness harness, Random random)
    {
        harness.Cache.Lag = random.Next(4) == 0 ? random.Next(8) : 0;
        if (random.Next(20) == 0)
            harness.Cache.IsCut = true;
        else if (harness.Cache.IsCut && random.Next(6) == 0)
            Mend(harness.Cache);
        if (random.Next(10) == 0)
            await harness.RivalPassAsync();
        int passes = random.Next(4);
        for (int pass = 0; pass < passes; pass++)
            await harness.PassAsync();
        harness.Tick();
    }

    /// <summary>The watch is too old (410), so all is listed anew.</summary>
    private static void Mend(LaggingObjects cache)
    {
        cache.IsCut = false;
        cache.Relist();
    }
}
