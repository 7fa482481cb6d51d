using System.Numerics;

namespace Kv.Storage.Wire;

/// <summary>Writes the fields of one protobuf message into a span that has room for them. Numbers are written even if
/// they are zero, as etcd up to 3.6 does: every reader takes that, and some demand it.</summary>
internal ref struct WireWriter(Span<byte> target)
{
    /// <summary>No number or length takes more, with its tag.</summary>
    public const int FieldBytesMax = 11;

    private const int NumberKind = 0;
    private const int BytesKind = 2;

    private readonly Span<byte> _target = target;

    public int Count { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _target[..Count];

    /// <summary>How many bytes a number takes, without a tag.</summary>
    public static int LengthOf(ulong number) => ((BitOperations.Log2(number | 1) * 9) + 73) / 64;

    public void Number(int field, ulong number)
    {
        Put((ulong)((field << 3) | NumberKind));
        Put(number);
    }

    public void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Length(field, bytes.Length);
        bytes.CopyTo(_target[Count..]);
        Count += bytes.Length;
    }

    /// <summary>The tag and the length of a run of bytes, which the caller puts after it.</summary>
    public void Length(int field, int length)
    {
        Put((ulong)((field << 3) | BytesKind));
        Put((ulong)length);
    }

    private void Put(ulong number)
    {
        int at = Count;
        while (number >= 0x80)
        {
            _target[at++] = (byte)((number & 0x7F) | 0x80);
            number >>= 7;
        }

        _target[at++] = (byte)number;
        Count = at;
    }
}
