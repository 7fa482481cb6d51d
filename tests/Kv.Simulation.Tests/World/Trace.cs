using System.Globalization;

namespace Kv.Simulation.Tests.World;

/// <summary>What happened: the last lines of it for a reader, and a hash of it all, by which two runs of a seed can be
/// told to be the same.</summary>
internal sealed class Trace
{
    private const int LinesKept = 4096;
    private const ulong HashOffset = 14695981039346656037;
    private const ulong HashPrime = 1099511628211;

    private readonly Line[] _lines = new Line[LinesKept];
    private long _count;

    public ulong Hash { get; private set; } = HashOffset;

    public long Count => _count;

    /// <summary>Notes that something happened. The numbers enter the hash; what is only for the reader does not, and is
    /// turned to text only if somebody asks.</summary>
    public void Note(TimeSpan at, ulong where, TraceKind kind, long first = 0, long second = 0, object? more = null)
    {
        _lines[_count++ % LinesKept] = new Line(at, where, kind, first, second, more);
        ulong hash = Hash;
        hash = Mix(hash, (ulong)at.Ticks);
        hash = Mix(hash, (where << 8) | (ulong)kind);
        hash = Mix(hash, unchecked((ulong)first));
        Hash = Mix(hash, unchecked((ulong)second));
    }

    /// <summary>The last lines, oldest first.</summary>
    public IEnumerable<string> Last(int count)
    {
        long from = Math.Max(0, _count - Math.Min(count, LinesKept));
        for (long index = from; index < _count; index++)
            yield return _lines[index % LinesKept].ToString();
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        unchecked
        {
            hash = (hash ^ value) * HashPrime;
            return hash ^ (hash >> 32);
        }
    }

    private readonly record struct Line(
        TimeSpan At, ulong Where, TraceKind Kind, long First, long Second, object? More)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{At.TotalSeconds,10:F6} {(Where == 0 ? "  " : "m" + Where)} {Kind,-12} {First,6} {Second,6} {More}");
    }
}

/// <summary>The kinds of things that happen.</summary>
internal enum TraceKind : byte
{
    Fault,
    Started,
    Ended,
    Sent,
    Received,
    Lost,
    Synced,
    Applied,
    Leads,
    Called,
    Returned,
    GaveUp,
    Watched,
    Members,
    Check,
}
