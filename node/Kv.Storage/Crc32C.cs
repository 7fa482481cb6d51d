using System.Buffers.Binary;
using System.Numerics;

namespace Kv.Storage;

/// <summary>CRC-32 with Castagnoli's polynomial, as Go's <c>hash/crc32</c> computes it: <c>Append(Append(0, a), b)</c>
/// is the checksum of a followed by b, so a chain may be continued from its last value.</summary>
public static class Crc32C
{
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        crc = ~crc;
        while (data.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (byte value in data)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
