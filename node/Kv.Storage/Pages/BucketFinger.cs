namespace Kv.Storage.Pages;

/// <summary>The place in a bucket where a key was found, to go on from. It begins nowhere, and is valid as long as the
/// bucket.</summary>
public ref struct BucketFinger
{
    private readonly Page _leaf;
    private readonly int _count;
    private int _index;

    internal BucketFinger(Page leaf, int index)
    {
        _leaf = leaf;
        _count = leaf.Count;
        _index = index;
    }

    internal readonly ReadOnlySpan<byte> Value => _leaf.LeafValue(_index);

    internal bool TryStepTo(scoped ReadOnlySpan<byte> key)
    {
        int next = _index + 1;
        if (next >= _count || !_leaf.LeafKey(next).SequenceEqual(key) || _leaf.IsBucket(next))
            return false;
        _index = next;
        return true;
    }
}
