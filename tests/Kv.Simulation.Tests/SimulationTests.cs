using System.Globalization;
using Kv.Testing;

namespace Kv.Simulation.Tests;

/// <summary>Whole clusters, seed after seed. <c>KV_SEED</c> runs that one alone; <c>KV_SIM_SECONDS</c> gives them
/// another time.</summary>
public sealed class SimulationTests
{
    private const int SeedsMax = 500;
    private const double SecondsMax = 240;

    [Fact]
    public void Nothing_acknowledged_is_lost_whatever_goes_wrong()
    {
        int? only = (int?)Setting("KV_SEED");
        var run = new SeedRun(from: only ?? 1, Environment.ProcessorCount, Console.WriteLine);
        run.Run(
            seedsMax: only is null ? SeedsMax : 1,
            TimeSpan.FromSeconds(Setting("KV_SIM_SECONDS") ?? SecondsMax));
        Console.WriteLine(run.Summary);
        Assert.True(run.Failures.Count == 0, string.Join("\n\n", run.Failures));
    }

    /// <summary>What it came to is compared with its trace, in which everything that happened has left a
    /// mark.</summary>
    [Theory]
    [Seeds(5)]
    public void A_seed_is_a_run(int seed) => Assert.Equal(Simulation.Run(seed), Simulation.Run(seed));

    private static double? Setting(string variable) =>
        double.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out double number)
            ? number
            : null;
}
