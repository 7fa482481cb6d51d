using System.Buffers;

namespace Kv.Server.Gateway;

/// <summary>Writes one field of a protobuf message. As proto3 has it, what is zero or empty is left out, unless its
/// being there says something.</summary>
internal readonly struct WireFields(IBufferWriter<byte> message, int field, bool isAlways)
{
    private const int VarintType = 0;
    private const int BytesType = 2;
    private const int VarintBytesMax = 10;

    public void Number(ulong value)
    {
        if (value == 0 && !isAlways)
            return;
        Varint((ulong)(field << 3) | VarintType);
        Varint(value);
    }

    /// <summary>Bytes, text or a message: a message that is empty is there all the same.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty && !isAlways)
            return;
        Varint((ulong)(field << 3) | BytesType);
        Varint((ulong)value.Length);
        message.Write(value);
    }

    private void Varint(ulong value)
    {
        Span<byte> bytes = message.GetSpan(VarintBytesMax);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
            bytes[length++] = unchecked((byte)(value | 0x80));
        bytes[length++] = (byte)value;
        message.Advance(length);
    }
}
