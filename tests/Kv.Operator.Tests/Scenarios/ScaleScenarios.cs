using System.Diagnostics;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Members come and go while clients write and read.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class ScaleScenarios(ScenarioSite site, ITestOutputHelper output)
{
    [Theory]
    [Seeds(1)]
    public async Task From_one_to_three_to_five_to_three_to_one_no_acknowledged_write_is_lost(int seed)
    {
        await using ScenarioCluster cluster =
            await ScenarioCluster.CreateAsync(site, "scale", spec => spec.Replicas = 1);
        await cluster.UntilReadyAsync();
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);
        long start = Stopwatch.GetTimestamp();
        foreach (int replicas in new[] { 3, 5, 3, 1 })
        {
            long step = Stopwatch.GetTimestamp();
            await cluster.ScaleAsync(replicas);
            await cluster.UntilReadyAsync();
            await load.MoreAsync(50, TimeSpan.FromSeconds(10));
            output.WriteLine(
                $"{replicas} members after {Stopwatch.GetElapsedTime(step).TotalSeconds:f1} s, longest pause "
                + $"{load.LongestPauseSince(step).TotalMilliseconds:f0} ms");
        }

        output.WriteLine($"{load.RateSince(start):f0} writes a second");
        output.WriteLine(await load.MustHoldAsync());
    }
}
