namespace Kv.Server.Peers.Wire;

/// <summary>Walks over the fields of one protobuf message in place. What is not well formed ends the walk with
/// <see cref="IsMalformed"/> set; so does a value that is asked for as what it is not. Positions are kept, so that
/// whoever owns the bytes can slice them instead of copying.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> message)
{
    private const int VarintKind = 0;
    private const int Fixed64Kind = 1;
    private const int BytesKind = 2;
    private const int Fixed32Kind = 5;
    private const int VarintBytesMax = 10;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _kind;

    /// <summary>Where the next field, or the value of this one, begins.</summary>
    public int Position { get; private set; }

    public int Field { get; private set; }

    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next field, whose value is then to be read or skipped; false at the end.</summary>
    public bool Next()
    {
        if (Position == _message.Length || IsMalformed)
            return false;
        ulong tag = Varint();
        if (tag >> 3 is 0 or > int.MaxValue)
            return Fail();
        Field = (int)(tag >> 3);
        _kind = (int)(tag & 7);
        return !IsMalformed;
    }

    public ulong Number()
    {
        if (_kind == VarintKind)
            return Varint();
        Fail();
        return 0;
    }

    public bool IsTrue() => Number() != 0;

    /// <summary>The value as counted bytes; <see cref="Position"/> is then behind them.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        if (_kind != BytesKind)
        {
            Fail();
            return default;
        }

        ulong length = Varint();
        return IsMalformed ? default : Take(length);
    }

    public void Skip()
    {
        switch (_kind)
        {
            case VarintKind:
                Varint();
                break;
            case Fixed64Kind:
                Take(sizeof(ulong));
                break;
            case BytesKind:
                Bytes();
                break;
            case Fixed32Kind:
                Take(sizeof(uint));
                break;
            default:
                Fail(); // groups, which no version of these messages has
                break;
        }
    }

    /// <summary>Takes the numbers of a repeated field, which stand one to a field or packed into one.</summary>
    public void NumbersTo(List<ulong> numbers)
    {
        if (_kind == VarintKind)
        {
            numbers.Add(Varint());
            return;
        }

        var packed = new FieldReader(Bytes());
        while (packed.Position < packed._message.Length && !packed.IsMalformed)
            numbers.Add(packed.Varint());
        if (packed.IsMalformed)
            Fail();
    }

    /// <summary>How many fields of counted bytes follow one after another with the number of the one just read, that
    /// one included. Moves nothing.</summary>
    public readonly int CountRun()
    {
        FieldReader ahead = this;
        int count = 0;
        do
        {
            ahead.Bytes();
            count++;
        }
        while (!ahead.IsMalformed && ahead.Next() && ahead.Field == Field);
        return count;
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_message.Length - Position))
        {
            Fail();
            return default;
        }

        ReadOnlySpan<byte> taken = _message.Slice(Position, (int)length);
        Position += (int)length;
        return taken;
    }

    private ulong Varint()
    {
        ReadOnlySpan<byte> rest = _message[Position..];
        if (!rest.IsEmpty && rest[0] < 0x80)
        {
            Position++;
            return rest[0];
        }

        ulong number = 0;
        for (int at = 0; at < rest.Length && at < VarintBytesMax; at++)
        {
            number |= unchecked((ulong)(rest[at] & 0x7F) << (7 * at));
            if (rest[at] < 0x80)
            {
                Position += at + 1;
                return number;
            }
        }

        Fail();
        return 0;
    }

    private bool Fail()
    {
        IsMalformed = true;
        Position = _message.Length;
        return false;
    }
}
