namespace Kv.Kubernetes.Client;

/// <summary>Spreads in time what would otherwise happen to all at once. May be asked from any thread.</summary>
public sealed class Jitter(Random random)
{
    private readonly Lock _gate = new();

    /// <summary>At least <paramref name="least"/>, less than <paramref name="most"/>.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most)
    {
        lock (_gate)
            return least + ((most - least) * random.NextDouble());
    }

    /// <summary>The given time, give or take a part of it.</summary>
    public TimeSpan Around(TimeSpan middle, double part) => Between(middle * (1 - part), middle * (1 + part));
}
