namespace Kv.Storage.Pages;

/// <summary>A leaf, and the keys that belong in it: from one branch key on its way to the next, without an end where it
/// is the first or the last.</summary>
internal struct Finger
{
    private NodeItem _low;
    private NodeItem _high;
    private bool _hasLow;
    private bool _hasHigh;

    public Node? Leaf { get; set; }

    public void SetLow(in NodeItem low)
    {
        _low = low;
        _hasLow = true;
    }

    public void SetHigh(in NodeItem high)
    {
        _high = high;
        _hasHigh = true;
    }

    /// <summary>Whether <paramref name="key"/> is to be put after all others of the bucket: one comparison, for the
    /// append that is nearly every write.</summary>
    public readonly bool IsBeyondLast(ReadOnlySpan<byte> key) =>
        Leaf is { Count: > 0 } leaf && !_hasHigh && leaf[leaf.Count - 1].Key.SequenceCompareTo(key) < 0;

    public readonly bool Covers(ReadOnlySpan<byte> key) =>
        Leaf is not null
        && (!_hasLow || _low.Key.SequenceCompareTo(key) <= 0)
        && (!_hasHigh || _high.Key.SequenceCompareTo(key) > 0);
}
