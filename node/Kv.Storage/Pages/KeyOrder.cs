using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Kv.Storage.Pages;

/// <summary>The order of keys, for a search that compares one key with many: its first eight bytes as a number settle
/// nearly every comparison, as revisions differ in them.</summary>
internal static class KeyOrder
{
    /// <summary>0 if the key is too short to have one; a key that begins with zeros is no worse off for it.</summary>
    public static ulong PrefixOf(ReadOnlySpan<byte> key) =>
        key.Length >= sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(key) : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Compare(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> wanted, ulong wantedPrefix)
    {
        if (wantedPrefix != 0 && stored.Length >= sizeof(ulong))
        {
            ulong storedPrefix = BinaryPrimitives.ReadUInt64BigEndian(stored);
            if (storedPrefix != wantedPrefix)
                return storedPrefix < wantedPrefix ? -1 : 1;
        }

        return stored.SequenceCompareTo(wanted);
    }
}
