using System.Numerics;

namespace Kv.Store;

/// <summary>Protobuf's numbers of variable length: seven bits a byte, lowest first, the high bit set on all but the
/// last.</summary>
internal static class Varint
{
    public const int BytesMax = 10;

    public static int Size(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    /// <summary>Returns how many bytes were written.</summary>
    public static int Write(Span<byte> destination, ulong value)
    {
        int written = 0;
        while (value >= 0x80)
        {
            destination[written++] = (byte)((value & 0x7f) | 0x80);
            value >>= 7;
        }

        destination[written++] = (byte)value;
        return written;
    }

    /// <summary>Returns how many bytes were read.</summary>
    public static int Read(ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        for (int index = 0; index < BytesMax; index++)
        {
            value |= (ulong)(source[index] & 0x7f) << (7 * index);
            if (source[index] < 0x80)
                return index + 1;
        }

        throw new ArgumentException("A number of more than ten bytes.", nameof(source));
    }
}
