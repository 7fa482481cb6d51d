using Kv.Simulation.Tests.World;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>The way from one host to another.</summary>
/// <param name="delay">Of a message, usually.</param>
internal sealed class Link(SimulatedWorld world, TimeSpan delay)
{
    private readonly Pace _pace = new(world, delay);

    public bool IsCut { get; set; }

    /// <summary>How many of the messages get lost, from 0 to 1.</summary>
    public double Loss { get; set; }

    /// <summary>How many arrive twice, from 0 to 1.</summary>
    public double Doubling { get; set; }

    /// <summary>How many times slower than usual.</summary>
    public double Slowness
    {
        get => _pace.Factor;
        set => _pace.Factor = value;
    }

    public void Heal()
    {
        IsCut = false;
        Loss = 0;
        Doubling = 0;
        Slowness = 1;
    }

    public bool Loses() => IsCut || (Loss > 0 && world.Chance(Loss));

    public bool Doubles() => Doubling > 0 && world.Chance(Doubling);

    public TimeSpan Draw() => _pace.Draw();
}
