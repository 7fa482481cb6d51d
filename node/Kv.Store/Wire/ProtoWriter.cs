namespace Kv.Store;

/// <summary>Writes protobuf fields into memory that was measured for them. As proto3 has it, numbers that are zero and
/// bytes that are empty are left out, both when measuring and when writing. All field numbers here are below 16, so a
/// tag is one byte.</summary>
internal ref struct ProtoWriter(Span<byte> destination)
{
    private const int BytesType = 2;

    private readonly Span<byte> _destination = destination;

    public int Written { get; private set; }

    public static int SizeOfNumber(long value) => value == 0 ? 0 : 1 + Kv.Store.Varint.Size(unchecked((ulong)value));

    public static int SizeOfBytes(int length) => length == 0 ? 0 : SizeOfMessage(length);

    /// <summary>A field that is there even if it is empty.</summary>
    public static int SizeOfMessage(int length) => 1 + Kv.Store.Varint.Size((ulong)length) + length;

    public void Number(int field, long value)
    {
        if (value == 0)
            return;
        _destination[Written++] = (byte)(field << 3);
        Varint(unchecked((ulong)value));
    }

    public void Bytes(int field, scoped ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            return;
        Begin(field, value.Length);
        value.CopyTo(_destination[Written..]);
        Written += value.Length;
    }

    /// <summary>Tag and length of a field of which the content is written next.</summary>
    public void Begin(int field, long length)
    {
        _destination[Written++] = (byte)((field << 3) | BytesType);
        Varint((ulong)length);
    }

    /// <summary>The place for content that somebody else writes.</summary>
    public Span<byte> Take(int length)
    {
        Span<byte> taken = _destination.Slice(Written, length);
        Written += length;
        return taken;
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _destination[Written++] = unchecked((byte)(value | 0x80));
            value >>= 7;
        }

        _destination[Written++] = (byte)value;
    }
}
