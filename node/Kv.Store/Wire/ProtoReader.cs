using System.Diagnostics.CodeAnalysis;

namespace Kv.Store;

/// <summary>Reads the fields of a protobuf message in place. What is not well formed ends the message and is noted in
/// <see cref="IsMalformed"/>, so readers need one check at their end and not one at each step.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name",
    Justification = "They are named after the types of protobuf that they read.")]
public ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    public const int Varint = 0;
    public const int Fixed64 = 1;
    public const int Bytes = 2;
    public const int Fixed32 = 5;

    private const int StartGroup = 3;
    private const int EndGroup = 4;
    private const int VarintBytesMax = 10;
    private const int GroupDepthMax = 32;

    private ReadOnlySpan<byte> _rest = message;
    private int _type;

    public bool IsMalformed { get; private set; }

    /// <summary>The number of the field that comes next.</summary>
    public int Field { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;

        ulong tag = Varint64();
        if (tag is > uint.MaxValue or < 1 << 3)
        {
            Fail();
            return false;
        }

        Field = (int)(tag >> 3);
        _type = (int)(tag & 7);
        return !IsMalformed;
    }

    public long Int64() => Expect(Varint) ? unchecked((long)Varint64()) : 0;

    public int Int32() => unchecked((int)Int64());

    public bool Boolean() => Int64() != 0;

    public ReadOnlySpan<byte> Span() => Expect(Bytes) ? Take(Varint64()) : default;

    public void Skip() => Skip(depth: 0);

    private void Skip(int depth)
    {
        switch (_type)
        {
            case Varint:
                Varint64();
                break;
            case Fixed64:
                Take(sizeof(ulong));
                break;
            case Bytes:
                Take(Varint64());
                break;
            case Fixed32:
                Take(sizeof(uint));
                break;
            case StartGroup when depth < GroupDepthMax:
                SkipGroup(Field, depth);
                break;
            default:
                Fail();
                break;
        }
    }

    private void SkipGroup(int field, int depth)
    {
        while (MoveNext())
        {
            if (_type == EndGroup)
            {
                if (Field != field)
                    Fail();
                return;
            }

            Skip(depth + 1);
        }

        Fail();
    }

    private bool Expect(int type)
    {
        if (_type == type)
            return true;

        Fail();
        return false;
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
        {
            Fail();
            return default;
        }

        ReadOnlySpan<byte> taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    private ulong Varint64()
    {
        if (!_rest.IsEmpty && _rest[0] < 0x80)
        {
            ulong single = _rest[0];
            _rest = _rest[1..];
            return single;
        }

        ulong value = 0;
        for (int index = 0; index < VarintBytesMax && index < _rest.Length; index++)
        {
            byte part = _rest[index];
            value |= (ulong)(part & 0x7F) << (7 * index);
            if (part < 0x80)
            {
                _rest = _rest[(index + 1)..];
                return value;
            }
        }

        Fail();
        return 0;
    }

    private void Fail()
    {
        IsMalformed = true;
        _rest = default;
    }
}
