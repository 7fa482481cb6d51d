using System.Buffers.Binary;

namespace Kv.Storage.Wire;

/// <summary>Walks over the fields of one protobuf message in place. As little of protobuf as the files need: a field is
/// a number or a run of bytes, unknown ones are passed over, and what cannot be read ends the walk with
/// <see cref="IsMalformed"/> set.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private const int FieldShift = 3;
    private const int KindMask = 7;

    private ReadOnlySpan<byte> _rest = message;

    /// <summary>The field just read; 0 before the first.</summary>
    public int Field { get; private set; }

    /// <summary>Its value, if it is a number.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its value, if it is a run of bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public bool IsNumber { get; private set; }

    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next field; false at the end, or at what is no field.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        if (!TryTakeNumber(out ulong tag) || tag >> FieldShift is 0 or > int.MaxValue)
            return Fail();

        Field = (int)(tag >> FieldShift);
        Number = 0;
        Bytes = default;
        IsNumber = true;
        switch (tag & KindMask)
        {
            case 0:
                return TryTakeNumber(out ulong number) ? Found(number) : Fail();
            case 1:
                return TryTake(sizeof(ulong), out ReadOnlySpan<byte> eight)
                    ? Found(BinaryPrimitives.ReadUInt64LittleEndian(eight))
                    : Fail();
            case 2:
                if (!TryTakeNumber(out ulong length) || !TryTake(length, out ReadOnlySpan<byte> bytes))
                    return Fail();
                Bytes = bytes;
                IsNumber = false;
                return true;
            case 5:
                return TryTake(sizeof(uint), out ReadOnlySpan<byte> four)
                    ? Found(BinaryPrimitives.ReadUInt32LittleEndian(four))
                    : Fail();
            default:
                return Fail();
        }
    }

    /// <summary>Takes the numbers of a repeated field, which stand one to a field or packed into one.</summary>
    public void AddNumbersTo(List<ulong> numbers)
    {
        if (IsNumber)
        {
            numbers.Add(Number);
            return;
        }

        var packed = new WireReader(Bytes);
        while (!packed._rest.IsEmpty)
        {
            if (packed.TryTakeNumber(out ulong number))
                numbers.Add(number);
            else
                packed._rest = default;
            IsMalformed |= packed.IsMalformed;
        }
    }

    private bool Found(ulong number)
    {
        Number = number;
        return true;
    }

    private bool Fail()
    {
        IsMalformed = true;
        _rest = default;
        return false;
    }

    private bool TryTake(ulong length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (length > (ulong)_rest.Length)
            return false;
        bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool TryTakeNumber(out ulong number)
    {
        number = 0;
        int shift = 0;
        for (int at = 0; at < _rest.Length && shift < 64; at++, shift += 7)
        {
            byte part = _rest[at];
            number |= unchecked((ulong)(part & 0x7F) << shift);
            if (part < 0x80)
            {
                _rest = _rest[(at + 1)..];
                return true;
            }
        }

        IsMalformed = true;
        return false;
    }
}
