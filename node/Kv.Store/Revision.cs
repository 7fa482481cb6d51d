using System.Buffers.Binary;

namespace Kv.Store;

/// <summary>Names one change: the request that made it, counted by <paramref name="Main"/>, and its place among the
/// changes of that request. As a key of the page file it is
/// <code>
/// 0          8   9         17  18
/// | main, BE | _ | sub, BE | t |      the t only for a deletion
/// </code>
/// so the order of the bytes is the order of the changes.</summary>
public readonly record struct Revision(long Main, long Sub) : IComparable<Revision>
{
    public const int EncodedBytes = 17;
    public const int DeletionBytes = 18;

    private const byte Separator = (byte)'_';
    private const byte DeletionMark = (byte)'t';
    private const int SeparatorOffset = 8;
    private const int SubOffset = 9;

    /// <summary>Writes the 17 bytes, and the 18th for a deletion; returns how many.</summary>
    public int Encode(Span<byte> destination, bool isDelete)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, Main);
        destination[SeparatorOffset] = Separator;
        BinaryPrimitives.WriteInt64BigEndian(destination[SubOffset..], Sub);
        if (!isDelete)
            return EncodedBytes;

        destination[EncodedBytes] = DeletionMark;
        return DeletionBytes;
    }

    public static bool TryDecode(ReadOnlySpan<byte> encoded, out Revision revision, out bool isDelete)
    {
        revision = default;
        isDelete = encoded.Length == DeletionBytes;
        if (encoded.Length is not (EncodedBytes or DeletionBytes) || encoded[SeparatorOffset] != Separator ||
            (isDelete && encoded[EncodedBytes] != DeletionMark))
        {
            return false;
        }

        revision = new Revision(
            BinaryPrimitives.ReadInt64BigEndian(encoded),
            BinaryPrimitives.ReadInt64BigEndian(encoded[SubOffset..]));
        return revision is { Main: >= 0, Sub: >= 0 };
    }

    public int CompareTo(Revision other) =>
        Main != other.Main ? Main.CompareTo(other.Main) : Sub.CompareTo(other.Sub);

    public override string ToString() => $"{Main}.{Sub}";

    public static bool operator <(Revision left, Revision right) => left.CompareTo(right) < 0;
    public static bool operator >(Revision left, Revision right) => left.CompareTo(right) > 0;
    public static bool operator <=(Revision left, Revision right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Revision left, Revision right) => left.CompareTo(right) >= 0;
}
