using Grpc.Core;

namespace Kv.Grpc;

/// <summary>What has happened to one method so far, for metrics. Counted on every call from many threads, so each
/// processor has a stripe of its own, on cache lines of its own, and reading adds them up.</summary>
public sealed class CallCounts
{
    private const int StatusCodes = 17;
    private const int StartedCell = StatusCodes;
    private const int ReceivedCell = StartedCell + 1;
    private const int SentCell = ReceivedCell + 1;
    private const int ReceivedBytesCell = SentCell + 1;
    private const int SentBytesCell = ReceivedBytesCell + 1;
    private const int StripeCells = 32; // four cache lines, the last partly unused
    private const int StripesMax = 16;

    private static readonly int Stripes = (int)Math.Min(
        System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount), StripesMax);

    private readonly long[] _cells = new long[Stripes * StripeCells];

    /// <summary>Calls begun.</summary>
    public long Started => Sum(StartedCell);

    /// <summary>Messages taken from clients, and their bytes.</summary>
    public long Received => Sum(ReceivedCell);

    public long ReceivedBytes => Sum(ReceivedBytesCell);

    /// <summary>Messages given to clients, and their bytes.</summary>
    public long Sent => Sum(SentCell);

    public long SentBytes => Sum(SentBytesCell);

    /// <summary>Calls ended so.</summary>
    public long Handled(StatusCode code) => Sum((int)code);

    internal void CountStarted() => Interlocked.Increment(ref Stripe()[StartedCell]);

    internal void CountHandled(StatusCode code)
    {
        int number = (int)code;
        int cell = number is >= 0 and < StatusCodes ? number : (int)StatusCode.Unknown;
        Interlocked.Increment(ref Stripe()[cell]);
    }

    internal void CountReceived(long bytes)
    {
        Span<long> stripe = Stripe();
        Interlocked.Increment(ref stripe[ReceivedCell]);
        Interlocked.Add(ref stripe[ReceivedBytesCell], bytes);
    }

    internal void CountSent(long bytes)
    {
        Span<long> stripe = Stripe();
        Interlocked.Increment(ref stripe[SentCell]);
        Interlocked.Add(ref stripe[SentBytesCell], bytes);
    }

    private Span<long> Stripe() =>
        _cells.AsSpan((Thread.GetCurrentProcessorId() & (Stripes - 1)) * StripeCells, StripeCells);

    private long Sum(int cell)
    {
        long sum = 0;
        for (int index = cell; index < _cells.Length; index += StripeCells)
            sum += Interlocked.Read(ref _cells[index]);
        return sum;
    }
}
