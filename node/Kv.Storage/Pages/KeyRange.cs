namespace Kv.Storage.Pages;

/// <summary>The keys that may stand below a branch element. A bound that is empty is none: no key is empty.</summary>
internal readonly ref struct KeyRange
{
    private readonly ReadOnlySpan<byte> _low;
    private readonly ReadOnlySpan<byte> _high;

    private KeyRange(ReadOnlySpan<byte> low, ReadOnlySpan<byte> high)
    {
        _low = low;
        _high = high;
    }

    public static KeyRange All => default;

    public KeyRange From(ReadOnlySpan<byte> low) => new(low, _high);

    public KeyRange To(ReadOnlySpan<byte> high) => new(_low, high);

    public bool Contains(ReadOnlySpan<byte> key) =>
        _low.SequenceCompareTo(key) <= 0 && (_high.IsEmpty || _high.SequenceCompareTo(key) > 0);
}
