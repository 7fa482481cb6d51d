namespace Kv.Server.Metrics;

/// <summary>Something that can be read as one number.</summary>
public interface IScalar
{
    double Value { get; }
}

/// <summary>A number that only grows; cheap enough for every request.</summary>
public sealed class Counter : IScalar
{
    private readonly Stripes _stripes = new(length: 1);
    private Func<long>? _source;

    public double Value => _stripes.Sum(0) + (_source?.Invoke() ?? 0);

    public void Increment() => Interlocked.Increment(ref _stripes.Mine()[0]);

    public void Add(long count) => Interlocked.Add(ref _stripes.Mine()[0], count);

    /// <summary>Adds what is counted elsewhere, in a field that one lane owns: read only when somebody asks.</summary>
    public void ReadFrom(Func<long> source) => _source = source;
}

/// <summary>A number that goes up and down.</summary>
public sealed class Gauge : IScalar
{
    private double _value;
    private Func<double>? _source;

    public double Value => _source?.Invoke() ?? Volatile.Read(ref _value);

    public void Set(double value) => Volatile.Write(ref _value, value);

    public void Set(bool value) => Set(value ? 1 : 0);

    public void Increment() => Add(1);

    public void Decrement() => Add(-1);

    public void Add(double change)
    {
        double seen = Volatile.Read(ref _value);
        while (true)
        {
            double before = Interlocked.CompareExchange(ref _value, seen + change, seen);
            if (before.Equals(seen))
                return;
            seen = before;
        }
    }

    /// <summary>From here on its value is what this says, read only when somebody asks.</summary>
    public void ReadFrom(Func<double> source) => _source = source;
}
