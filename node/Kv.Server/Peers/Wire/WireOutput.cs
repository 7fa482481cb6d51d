using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace Kv.Server.Peers.Wire;

/// <summary>Writes protobuf fields and the big-endian numbers around them straight into the buffers of a pipe, which
/// is asked for a new one only when the last is full: a hundred small entries cost one call. Whoever made it calls
/// <see cref="Flush"/> at the end.</summary>
internal ref struct WireOutput(IBufferWriter<byte> output)
{
    private const int VarintBytesMax = 10;
    private const int BytesKind = 2;

    private readonly IBufferWriter<byte> _output = output;
    private Span<byte> _span;
    private int _used;
    private long _flushed;

    /// <summary>How many bytes were written so far.</summary>
    public readonly long Count => _flushed + _used;

    public static int SizeOf(ulong number) => (BitOperations.Log2(number | 1) / 7) + 1;

    /// <summary>How many bytes a field of counted bytes takes, with its tag and length.</summary>
    public static long SizeOfBytes(long length) => 1 + SizeOf((ulong)length) + length;

    public void Byte(byte value)
    {
        Reserve(1);
        _span[_used++] = value;
    }

    /// <summary>Eight bytes, the highest first: how the streams write lengths and counts.</summary>
    public void BigEndian(ulong number)
    {
        Reserve(sizeof(ulong));
        BinaryPrimitives.WriteUInt64BigEndian(_span[_used..], number);
        _used += sizeof(ulong);
    }

    /// <param name="field">Below 16, so that the tag is one byte.</param>
    public void Number(int field, ulong number)
    {
        Reserve(1 + VarintBytesMax);
        _span[_used++] = (byte)(field << 3);
        Varint(number);
    }

    /// <summary>The tag and the length of a run of bytes, which the caller writes after it.</summary>
    public void Length(int field, long length)
    {
        Reserve(1 + VarintBytesMax);
        _span[_used++] = (byte)((field << 3) | BytesKind);
        Varint((ulong)length);
    }

    public void Bytes(scoped ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_used == _span.Length)
                Reserve(1);
            int length = Math.Min(bytes.Length, _span.Length - _used);
            bytes[..length].CopyTo(_span[_used..]);
            _used += length;
            bytes = bytes[length..];
        }
    }

    /// <summary>Hands over what is written.</summary>
    public void Flush()
    {
        _output.Advance(_used);
        _flushed += _used;
        _used = 0;
        _span = default;
    }

    private void Reserve(int bytes)
    {
        if (_span.Length - _used >= bytes)
            return;
        if (_used > 0)
            Flush();
        _span = _output.GetSpan(bytes);
    }

    private void Varint(ulong number)
    {
        while (number >= 0x80)
        {
            _span[_used++] = (byte)((number & 0x7F) | 0x80);
            number >>= 7;
        }

        _span[_used++] = (byte)number;
    }
}
