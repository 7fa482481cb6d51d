namespace Kv.Store;

/// <summary>All keys from <paramref name="Start"/> on and before <paramref name="End"/>; null as end means no
/// end.</summary>
internal readonly record struct KeyInterval(byte[] Start, byte[]? End)
{
    /// <summary>Takes a range as requests and permissions write it: no end for a single key, the end <c>\0</c> for
    /// no end.</summary>
    public static KeyInterval Of(ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd)
    {
        if (rangeEnd.IsEmpty)
            return new KeyInterval(key.ToArray(), [.. key, 0]);
        return new KeyInterval(key.ToArray(), IsOpenEnd(rangeEnd) ? null : rangeEnd.ToArray());
    }

    /// <summary>Whether a permission may have this range: a key, and an end that lies after it (or none, or
    /// <c>\0</c>).</summary>
    public static bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd) =>
        !key.IsEmpty && (rangeEnd.IsEmpty || IsOpenEnd(rangeEnd) || key.SequenceCompareTo(rangeEnd) < 0);

    /// <summary>Joins intervals that overlap or touch; the result is in key order.</summary>
    public static List<KeyInterval> Merge(List<KeyInterval> intervals)
    {
        intervals.Sort(static (left, right) => left.Start.AsSpan().SequenceCompareTo(right.Start));
        var merged = new List<KeyInterval>();
        foreach (KeyInterval next in intervals)
        {
            bool touches = merged.Count > 0
                && (merged[^1].End is not { } end || next.Start.AsSpan().SequenceCompareTo(end) <= 0);
            if (touches)
                merged[^1] = merged[^1] with { End = Later(merged[^1].End, next.End) };
            else
                merged.Add(next);
        }

        return merged;
    }

    /// <summary>Whether the range of a request, normalised as <see cref="Of"/> does, lies inside.</summary>
    public bool Contains(ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd)
    {
        if (key.SequenceCompareTo(Start) < 0)
            return false;
        if (End is null)
            return true;
        if (rangeEnd.IsEmpty)
            return key.SequenceCompareTo(End) < 0;
        return !IsOpenEnd(rangeEnd) && rangeEnd.SequenceCompareTo(End) <= 0;
    }

    private static bool IsOpenEnd(ReadOnlySpan<byte> rangeEnd) => rangeEnd.Length == 1 && rangeEnd[0] == 0;

    private static byte[]? Later(byte[]? left, byte[]? right)
    {
        if (left is null || right is null)
            return null;
        return left.AsSpan().SequenceCompareTo(right) >= 0 ? left : right;
    }
}
