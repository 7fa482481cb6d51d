using System.Buffers.Binary;
using Kv.Storage.Wire;

namespace Kv.Storage.Log;

/// <summary>One record as it stands in a segment.
/// <code>
/// 0                      8                    8 + length
/// | length | 0x80 + pad  | walpb.Record       | pad zeros |
///   7 bytes    1 byte      1 type
///                          2 crc    of all content of the log up to and with this record
///                          3 content (absent if there is none)
/// </code>
/// The length is little-endian; its last byte is 0 where no pad is needed. The pad makes each frame a multiple of 8
/// bytes, so a length never straddles two sectors and is never half written. A length of zero ends the segment: the
/// rest is room reserved.</summary>
internal readonly ref struct Frame
{
    public const int HeaderBytes = sizeof(ulong);
    public const int Alignment = 8;

    private const ulong LengthMask = (1UL << 56) - 1;
    private const int PadShift = 56;
    private const ulong PadFlag = 0x80;

    public Frame(RecordType type, uint checksum, ReadOnlySpan<byte> content)
    {
        Type = type;
        Checksum = checksum;
        Content = content;
    }

    public RecordType Type { get; }

    public uint Checksum { get; }

    public ReadOnlySpan<byte> Content { get; }

    public static ulong EncodeLength(int length)
    {
        int pad = PadAfter(length);
        ulong flags = pad == 0 ? 0 : PadFlag | (uint)pad;
        return (uint)length | (flags << PadShift);
    }

    /// <summary>The bytes that a record of this length takes with header and pad.</summary>
    public static long SpanOf(long length) => HeaderBytes + length + PadAfter(length);

    public static int PadAfter(long length) => (int)((Alignment - (length % Alignment)) % Alignment);

    /// <summary>Reads a length field; false if no writer can have written it.</summary>
    public static bool TryDecodeLength(ReadOnlySpan<byte> header, out long length)
    {
        ulong field = BinaryPrimitives.ReadUInt64LittleEndian(header);
        length = (long)(field & LengthMask);
        int pad = PadAfter(length);
        return length > 0 && field >> PadShift == (pad == 0 ? 0 : PadFlag | (uint)pad);
    }

    /// <summary>Reads a record, without header and pad; false if it is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> record, out Frame frame)
    {
        var reader = new WireReader(record);
        ulong type = 0;
        ulong checksum = 0;
        ReadOnlySpan<byte> content = default;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    type = reader.Number;
                    break;
                case 2:
                    checksum = reader.Number;
                    break;
                case 3:
                    content = reader.Bytes;
                    break;
            }
        }

        frame = new Frame((RecordType)Math.Min(type, int.MaxValue), unchecked((uint)checksum), content);
        return !reader.IsMalformed && type != 0 && checksum <= uint.MaxValue;
    }
}
