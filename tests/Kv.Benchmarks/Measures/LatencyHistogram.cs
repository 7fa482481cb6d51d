using System.Numerics;

namespace Kv.Benchmarks.Measures;

/// <summary>Counts durations in buckets whose width grows with them, so that any percentile is exact to about 1.6 % in
/// constant memory.
/// <code>
/// nanoseconds   0 .. 63   one bucket each
///              64 .. 127  32 buckets of 2, then 32 of 4, of 8, ...
/// </code>
/// One writer; <see cref="Add(LatencyHistogram)"/> brings several together.</summary>
public sealed class LatencyHistogram
{
    private const int LinearBits = 6;
    private const int LinearCount = 1 << LinearBits;
    private const int HalfCount = LinearCount / 2;
    private const int BucketCount = LinearCount + (HalfCount * (64 - LinearBits));

    private readonly long[] _counts = new long[BucketCount];

    public long Count { get; private set; }

    public TimeSpan Max { get; private set; }

    public void Record(TimeSpan duration)
    {
        _counts[Bucket(duration.Ticks * TimeSpan.NanosecondsPerTick)]++;
        Count++;
        if (duration > Max)
            Max = duration;
    }

    public void Add(LatencyHistogram other)
    {
        for (int bucket = 0; bucket < BucketCount; bucket++)
            _counts[bucket] += other._counts[bucket];
        Count += other.Count;
        Max = Max > other.Max ? Max : other.Max;
    }

    /// <summary>The duration that this share (0 to 1) of all did not exceed.</summary>
    public TimeSpan Percentile(double share)
    {
        long rank = (long)Math.Ceiling(share * Count);
        long seen = 0;
        for (int bucket = 0; bucket < BucketCount; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= rank && seen > 0)
                return TimeSpan.FromMicroseconds(UpperBound(bucket) / 1000.0);
        }

        return TimeSpan.Zero;
    }

    private static int Bucket(long nanoseconds)
    {
        if (nanoseconds < LinearCount)
            return (int)Math.Max(0, nanoseconds);
        int shift = BitOperations.Log2((ulong)nanoseconds) - LinearBits + 1;
        return LinearCount + ((shift - 1) * HalfCount) + (int)(nanoseconds >> shift) - HalfCount;
    }

    private static double UpperBound(int bucket)
    {
        if (bucket < LinearCount)
            return bucket;
        int shift = ((bucket - LinearCount) / HalfCount) + 1;
        long start = (((bucket - LinearCount) % HalfCount) + HalfCount) * Math.Max(1L, 1L << shift);
        return start + (1L << shift) - 1;
    }
}
