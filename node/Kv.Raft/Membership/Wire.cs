namespace Kv.Raft;

/// <summary>Writes fields of a protobuf message: a tag (field number and kind), then a varint or counted
/// bytes.</summary>
internal sealed class WireWriter
{
    private readonly List<byte> _bytes = [];

    public void Number(int field, ulong value)
    {
        Varint((ulong)field << 3);
        Varint(value);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)value.Length);
        _bytes.AddRange(value);
    }

    public byte[] ToArray() => [.. _bytes];

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _bytes.Add((byte)(0x80 | (value & 0x7F)));
            value >>= 7;
        }

        _bytes.Add((byte)value);
    }
}

/// <summary>Reads them. Bytes that are no message end the reading and set <see cref="IsMalformed"/>.</summary>
internal struct WireReader(ReadOnlyMemory<byte> data)
{
    private const int VarintKind = 0;
    private const int Fixed64Kind = 1;
    private const int BytesKind = 2;
    private const int Fixed32Kind = 5;
    private const int VarintBitsMax = 64;

    private ReadOnlyMemory<byte> _rest = data;

    /// <summary>The value of the field just read, if it is a varint; else zero.</summary>
    public ulong Number { get; private set; }

    /// <summary>The value of the field just read, if it is counted bytes; else empty.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    public bool IsMalformed { get; private set; }

    public bool TryReadField(out int field)
    {
        field = 0;
        Number = 0;
        Bytes = default;
        if (_rest.IsEmpty)
            return false;

        bool isRead = TryReadVarint(out ulong tag) && TryReadValue((int)(tag & 7));
        IsMalformed = !isRead || tag >> 3 is 0 or > int.MaxValue;
        if (!IsMalformed)
            field = (int)(tag >> 3);
        return !IsMalformed;
    }

    private bool TryReadValue(int kind)
    {
        switch (kind)
        {
            case VarintKind:
                bool isRead = TryReadVarint(out ulong number);
                Number = number;
                return isRead;
            case BytesKind:
                return TryReadVarint(out ulong length) && TryTake(length);
            case Fixed64Kind:
                return TryTake(sizeof(ulong));
            case Fixed32Kind:
                return TryTake(sizeof(uint));
            default:
                return false;
        }
    }

    private bool TryTake(ulong length)
    {
        if (length > (ulong)_rest.Length)
            return false;

        Bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool TryReadVarint(out ulong value)
    {
        value = 0;
        ReadOnlySpan<byte> bytes = _rest.Span;
        for (int i = 0; i < bytes.Length && 7 * i < VarintBitsMax; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
