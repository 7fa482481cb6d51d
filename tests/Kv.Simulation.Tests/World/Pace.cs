namespace Kv.Simulation.Tests.World;

/// <summary>How long something takes: mostly about as long as ever, and now and then far longer, as when a disk or a
/// scheduler has other things to do.</summary>
internal sealed class Pace(SimulatedWorld world, TimeSpan usual)
{
    private const double HiccupChance = 0.01;
    private const int HiccupTimesMax = 50;

    /// <summary>How many times slower than usual.</summary>
    public double Factor { get; set; } = 1;

    public TimeSpan Draw()
    {
        double times = Factor * (0.5 + world.Random.NextDouble());
        if (world.Chance(HiccupChance))
            times *= 1 + world.Random.Next(HiccupTimesMax);
        return usual * times;
    }
}
