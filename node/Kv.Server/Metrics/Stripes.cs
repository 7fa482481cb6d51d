using System.Numerics;

namespace Kv.Server.Metrics;

/// <summary>Numbers that many threads add to and few read: each processor has a copy on cache lines of its own, and
/// a reader adds the copies up. So an addition is one uncontended interlocked instruction, some 5 ns.</summary>
internal sealed class Stripes
{
    private const int CopiesMax = 8;
    private const int LongsPerCacheLine = 8;

    private static readonly int Copies =
        (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount), CopiesMax);

    private readonly long[] _cells;
    private readonly int _copyLength;

    public Stripes(int length)
    {
        // One line more than is used keeps neighbours apart wherever the array begins.
        _copyLength = (((length - 1) / LongsPerCacheLine) + 2) * LongsPerCacheLine;
        _cells = new long[Copies * _copyLength];
    }

    /// <summary>The copy of the processor that runs this.</summary>
    public Span<long> Mine() =>
        _cells.AsSpan((Thread.GetCurrentProcessorId() & (Copies - 1)) * _copyLength, _copyLength);

    public long Sum(int cell)
    {
        long sum = 0;
        for (int index = cell; index < _cells.Length; index += _copyLength)
            sum += Volatile.Read(ref _cells[index]);
        return sum;
    }

    /// <summary>The sum of cells that hold doubles.</summary>
    public double SumOfDoubles(int cell)
    {
        double sum = 0;
        for (int index = cell; index < _cells.Length; index += _copyLength)
            sum += BitConverter.Int64BitsToDouble(Volatile.Read(ref _cells[index]));
        return sum;
    }
}
