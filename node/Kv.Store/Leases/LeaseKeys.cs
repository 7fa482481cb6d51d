namespace Kv.Store.Leases;

/// <summary>The keys of a lease. Most leases have none or one, and there may be a million of them, so only those with
/// more get a set.</summary>
internal sealed class LeaseKeys
{
    private byte[]? _only;
    private HashSet<byte[]>? _many;

    public int Count => _many?.Count ?? (_only is null ? 0 : 1);

    public void Add(byte[] key)
    {
        if (_many is not null)
        {
            _many.Add(key);
        }
        else if (_only is null)
        {
            _only = key;
        }
        else
        {
            _many = new HashSet<byte[]>(KeyEquality.Instance) { _only, key };
            _only = null;
        }
    }

    public void Remove(byte[] key)
    {
        if (_many is null)
            _only = null;
        else
            _many.Remove(key);
    }

    /// <summary>A copy in the order of keys.</summary>
    public byte[][] ToSortedArray()
    {
        if (_many is null)
            return _only is null ? [] : [_only];
        byte[][] sorted = [.. _many];
        Array.Sort(sorted, static (left, right) => left.AsSpan().SequenceCompareTo(right));
        return sorted;
    }
}
