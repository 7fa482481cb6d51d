using Kv.Server.Metrics;
using Kv.Testing;

namespace Kv.Node.Tests.Metrics;

public sealed class HistogramTests
{
    /// <summary>Against a model that looks for the bucket. Values are drawn at and just beside the bounds as often as
    /// between them.</summary>
    [Theory]
    [Seeds(20)]
    public void Finds_the_bucket_that_a_search_would_find(int seed)
    {
        var random = new Random(seed);
        var buckets = new ExponentialBuckets(random.Next(3) == 0 ? 1 : random.NextDouble(), random.Next(1, 24));
        Histogram histogram = Make(buckets);
        long[] expected = new long[histogram.Bounds.Count];
        int count = random.Next(200);
        for (int round = 0; round < count; round++)
        {
            double value = Draw(random, histogram.Bounds);
            histogram.Observe(value);
            for (int bucket = 0; bucket < expected.Length; bucket++)
                expected[bucket] += value <= histogram.Bounds[bucket] ? 1 : 0;
        }

        HistogramReading reading = histogram.Read();

        Assert.Equal(expected, reading.UpTo);
        Assert.Equal(count, reading.Count);
    }

    [Fact]
    public void Bounds_double()
    {
        Assert.Equal([0.001, 0.002, 0.004], Make(new(0.001, 3)).Bounds);
        Assert.Equal(8.192, Make(new(0.001, 14)).Bounds[^1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(double.NaN)]
    public void What_is_no_size_falls_into_the_first_bucket(double value)
    {
        Histogram histogram = Make(new(1, 3));
        histogram.Observe(value);

        Assert.Equal([1, 1, 1], histogram.Read().UpTo);
    }

    [Fact]
    public void What_exceeds_all_bounds_is_counted_above_them()
    {
        Histogram histogram = Make(new(1, 2));
        histogram.Observe(2.0000001);
        histogram.Observe(double.PositiveInfinity);

        Assert.Equal([0, 0], histogram.Read().UpTo);
        Assert.Equal(2, histogram.Read().Count);
    }

    [Fact]
    public void Nothing_is_lost_between_threads()
    {
        const int Threads = 4;
        const int Rounds = 20_000;
        Histogram histogram = Make(new(1, 4));
        var counter = new Counter();
        var gauge = new Gauge();
        Thread[] threads =
        [
            .. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
            {
                for (int round = 0; round < Rounds; round++)
                {
                    histogram.Observe(0.5);
                    counter.Increment();
                    gauge.Add(2);
                }
            })),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Assert.Equal(Threads * Rounds, histogram.Read().Count);
        Assert.Equal(Threads * Rounds * 0.5, histogram.Read().Sum);
        Assert.Equal(Threads * Rounds, counter.Value);
        Assert.Equal(Threads * Rounds * 2, gauge.Value);
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        Histogram histogram = Make(new(0.001, 14));
        var counter = new Counter();
        histogram.Observe(TimeSpan.FromMilliseconds(3));
        counter.Increment();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++)
        {
            histogram.Observe(TimeSpan.FromMilliseconds(3));
            counter.Increment();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static Histogram Make(ExponentialBuckets buckets) => new MetricRegistry().Histogram("h", buckets, "help");

    private static double Draw(Random random, IReadOnlyList<double> bounds)
    {
        double bound = bounds[random.Next(bounds.Count)];
        return random.Next(4) switch
        {
            0 => bound,
            1 => Math.BitIncrement(bound),
            2 => Math.BitDecrement(bound),
            _ => random.NextDouble() * bounds[^1] * 1.5,
        };
    }
}
