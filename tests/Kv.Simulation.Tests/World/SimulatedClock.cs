namespace Kv.Simulation.Tests.World;

/// <summary>The clock of a host, which may run fast or slow. No two hosts agree on what time it is.</summary>
internal sealed class SimulatedClock(SimulatedWorld world) : TimeProvider
{
    private static readonly DateTimeOffset Beginning = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private TimeSpan _shown = TimeSpan.FromSeconds(world.Random.Next(100));
    private TimeSpan _since;
    private double _rate = 1;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Seconds of this clock in one true second.</summary>
    public double Rate
    {
        get => _rate;
        set
        {
            _shown = Shown;
            _since = world.Now;
            _rate = value;
        }
    }

    private TimeSpan Shown => _shown + ((world.Now - _since) * _rate);

    /// <summary>How long a stretch of this clock's time truly takes.</summary>
    public TimeSpan ToTrue(TimeSpan stretch) => stretch / _rate;

    public override long GetTimestamp() => Shown.Ticks;

    public override DateTimeOffset GetUtcNow() => Beginning + Shown;
}
