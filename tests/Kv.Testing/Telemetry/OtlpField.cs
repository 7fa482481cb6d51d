using System.Buffers.Binary;
using System.Text;

namespace Kv.Testing;

/// <summary>One field of a protobuf message, as the wire has it: what is in it is for who knows the message.</summary>
/// <param name="Number">Of the field.</param>
/// <param name="Scalar">Of a varint or of a fixed number of bytes.</param>
/// <param name="Bytes">Of a string, of bytes or of a message.</param>
public readonly record struct OtlpField(int Number, ulong Scalar, ReadOnlyMemory<byte> Bytes)
{
    private const int WireBits = 3;
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;
    private const int Fixed32 = 5;

    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    public double Floating => BitConverter.UInt64BitsToDouble(Scalar);

    /// <summary>All fields of a message, in their order.</summary>
    public static IReadOnlyList<OtlpField> ReadAll(ReadOnlyMemory<byte> message)
    {
        var fields = new List<OtlpField>();
        int at = 0;
        while (at < message.Length)
        {
            ulong tag = ReadVarint(message.Span, ref at);
            int number = (int)(tag >> WireBits);
            switch ((int)tag & ((1 << WireBits) - 1))
            {
                case Varint:
                    fields.Add(new OtlpField(number, ReadVarint(message.Span, ref at), default));
                    break;
                case Fixed64:
                    fields.Add(new OtlpField(
                        number, BinaryPrimitives.ReadUInt64LittleEndian(message.Span[at..]), default));
                    at += sizeof(ulong);
                    break;
                case Delimited:
                    int length = (int)ReadVarint(message.Span, ref at);
                    fields.Add(new OtlpField(number, 0, message.Slice(at, length)));
                    at += length;
                    break;
                case Fixed32:
                    fields.Add(new OtlpField(
                        number, BinaryPrimitives.ReadUInt32LittleEndian(message.Span[at..]), default));
                    at += sizeof(uint);
                    break;
                default:
                    throw new InvalidDataException($"Field {number} is of a kind that protobuf does not have.");
            }
        }

        return fields;
    }

    private static ulong ReadVarint(ReadOnlySpan<byte> message, ref int at)
    {
        const int BitsEach = 7;
        const int More = 0x80;
        ulong value = 0;
        for (int shift = 0; ; shift += BitsEach)
        {
            byte next = message[at++];
            value |= (ulong)(next & (More - 1)) << shift;
            if (next < More)
                return value;
        }
    }
}
