namespace Kv.Store;

/// <summary>The keys that a request is about, in etcd's notation: without an end the one key, with the end "\0" all
/// keys from it on, else those from the key up to, not including, the end. An end that is not after the key makes it
/// empty, which is no error.</summary>
public readonly ref struct KeyRange(ReadOnlySpan<byte> key, ReadOnlySpan<byte> end)
{
    public ReadOnlySpan<byte> Key { get; } = key;

    public ReadOnlySpan<byte> End { get; } = end;

    /// <summary>Every key there is, the empty one included, which no request can name.</summary>
    public static KeyRange All => new([], "\0"u8);

    public bool IsSingle => End.IsEmpty;

    public bool IsOpenEnded => End is [0];

    public bool IsEmpty => !IsSingle && !IsOpenEnded && End.SequenceCompareTo(Key) <= 0;

    public bool Contains(ReadOnlySpan<byte> key)
    {
        if (IsSingle)
            return key.SequenceEqual(Key);
        return key.SequenceCompareTo(Key) >= 0 && (IsOpenEnded || key.SequenceCompareTo(End) < 0);
    }
}
