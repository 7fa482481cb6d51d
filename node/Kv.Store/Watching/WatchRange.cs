namespace Kv.Store.Watching;

/// <summary>The keys of a watcher: one key, or all from <paramref name="Key"/> on and before
/// <paramref name="RangeEnd"/>. Written as requests write it (no end for a single key, the end <c>\0</c> for no end),
/// but with the key in place: an empty one means <c>\0</c>. Whoever checks permissions must check this range and not
/// the one that was sent.</summary>
public readonly record struct WatchRange(byte[] Key, byte[] RangeEnd)
{
    private static readonly byte[] FirstKey = [0];

    public bool IsSingleKey => RangeEnd.Length == 0;

    /// <summary>Whether all keys from <see cref="Key"/> on belong to it.</summary>
    public bool IsOpenEnded => RangeEnd is [0];

    /// <summary>Whether no key can lie in it, which is refused.</summary>
    public bool IsEmpty => !IsSingleKey && !IsOpenEnded && Key.AsSpan().SequenceCompareTo(RangeEnd) >= 0;

    public static WatchRange Of(ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd) =>
        new(key.IsEmpty ? FirstKey : key.ToArray(), rangeEnd.ToArray());
}
