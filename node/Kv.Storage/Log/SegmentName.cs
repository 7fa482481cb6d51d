using System.Globalization;

namespace Kv.Storage.Log;

/// <summary>The name of a file of the log: <c>{sequence}-{first index it may hold}.wal</c>, 16 hexadecimal digits
/// each.</summary>
internal readonly record struct SegmentName(ulong Sequence, ulong FirstIndex)
{
    private const string Suffix = ".wal";
    private const int Digits = 16;

    public override string ToString() => $"{Sequence:x16}-{FirstIndex:x16}{Suffix}";

    public static bool TryParse(string name, out SegmentName parsed)
    {
        parsed = default;
        if (name.Length != (2 * Digits) + 1 + Suffix.Length || name[Digits] != '-'
            || !name.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return false;
        }

        ReadOnlySpan<char> first = name.AsSpan(Digits + 1, Digits);
        if (!TryParseHex(name.AsSpan(0, Digits), out ulong sequence) || !TryParseHex(first, out ulong firstIndex))
            return false;
        parsed = new SegmentName(sequence, firstIndex);
        return true;
    }

    /// <summary>The segments in a directory, in the order they were written.</summary>
    public static IReadOnlyList<SegmentName> In(IDisk disk, string directory)
    {
        var segments = new List<SegmentName>();
        foreach (string name in disk.List(directory))
        {
            if (TryParse(name, out SegmentName segment))
                segments.Add(segment);
        }

        return segments; // in order, as hexadecimal digits of one length are
    }

    private static bool TryParseHex(ReadOnlySpan<char> digits, out ulong value) =>
        ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
