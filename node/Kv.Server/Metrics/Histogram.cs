using System.Diagnostics;

namespace Kv.Server.Metrics;

/// <summary>Counts observations by size, in buckets whose upper bounds double: start, 2 start, 4 start, ... and all the
/// rest. That all of etcd's histograms but one double is what makes them cheap: which bucket a value falls into can be
/// read off its binary exponent, without a search and without rounding.
/// <code>
/// value = m * 2^e, start = s * 2^f, 1 &lt;= m, s &lt; 2:
///   bucket e - f      if m &lt;= s      (a bound belongs to its bucket)
///   bucket e - f + 1  if m &gt; s
/// </code></summary>
public sealed class Histogram
{
    private const int MantissaBits = 52;
    private const long MantissaMask = (1L << MantissaBits) - 1;

    private readonly Stripes _stripes;
    private readonly double[] _bounds;
    private readonly bool _isDoubling;
    private readonly long _startBits;
    private readonly HistogramFamily _family;
    private readonly KeyValuePair<string, object?>[] _tags;

    internal Histogram(HistogramBuckets buckets, HistogramFamily family, KeyValuePair<string, object?>[] tags)
    {
        (_family, _tags) = (family, tags);
        _bounds = buckets.Bounds;
        _isDoubling = buckets is ExponentialBuckets;
        _startBits = BitConverter.DoubleToInt64Bits(_bounds[0]);
        _stripes = new Stripes(_bounds.Length + 2); // the buckets, what is above them all, and the sum
    }

    /// <summary>The upper bounds, which belong to their buckets.</summary>
    public IReadOnlyList<double> Bounds => _bounds;

    public void Observe(double value)
    {
        if (_family.IsHeard)
            _family.Tell(value, _tags);
        Span<long> mine = _stripes.Mine();
        Interlocked.Increment(ref mine[BucketOf(value)]);

        ref long sum = ref mine[_bounds.Length + 1];
        long seen = Volatile.Read(ref sum);
        while (true)
        {
            long next = BitConverter.DoubleToInt64Bits(BitConverter.Int64BitsToDouble(seen) + value);
            long before = Interlocked.CompareExchange(ref sum, next, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }

    /// <summary>Observes a time, in seconds.</summary>
    public void Observe(TimeSpan elapsed) => Observe((double)elapsed.Ticks / TimeSpan.TicksPerSecond);

    /// <summary>Observes the seconds since <see cref="Stopwatch.GetTimestamp"/> gave
    /// <paramref name="startTimestamp"/>.</summary>
    public void ObserveSince(long startTimestamp) => Observe(Stopwatch.GetElapsedTime(startTimestamp));

    /// <summary>What has been observed: how many up to each bound, how many in all, and their sum.</summary>
    public HistogramReading Read()
    {
        long[] upTo = new long[_bounds.Length];
        long count = 0;
        for (int bucket = 0; bucket < upTo.Length; bucket++)
        {
            count += _stripes.Sum(bucket);
            upTo[bucket] = count;
        }

        count += _stripes.Sum(_bounds.Length);
        return new HistogramReading(upTo, count, _stripes.SumOfDoubles(_bounds.Length + 1));
    }

    private int BucketOf(double value)
    {
        if (!(value > _bounds[0]))
            return 0; // also what is negative or not a number
        if (!_isDoubling)
            return SearchBucketOf(value);
        long bits = BitConverter.DoubleToInt64Bits(value);
        long bucket = (bits >> MantissaBits) - (_startBits >> MantissaBits);
        if ((bits & MantissaMask) > (_startBits & MantissaMask))
            bucket++;
        return (int)Math.Min(bucket, _bounds.Length);
    }

    private int SearchBucketOf(double value)
    {
        int bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
            bucket++;
        return bucket;
    }
}

public sealed record HistogramReading(IReadOnlyList<long> UpTo, long Count, double Sum);

/// <summary>The upper bounds of a histogram's buckets, ascending.</summary>
public abstract record HistogramBuckets
{
    internal abstract double[] Bounds { get; }
}

/// <summary>Bounds that begin at <see cref="Start"/> and double <see cref="Count"/> - 1 times.</summary>
public sealed record ExponentialBuckets(double Start, int Count) : HistogramBuckets
{
    internal override double[] Bounds { get; } =
        [.. Enumerable.Range(0, Count).Select(index => Start * Math.Pow(2, index))];
}

/// <summary>Bounds that follow no rule.</summary>
public sealed record ListedBuckets(params IReadOnlyList<double> List) : HistogramBuckets
{
    internal override double[] Bounds { get; } = [.. List];
}
