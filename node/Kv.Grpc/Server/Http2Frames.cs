using System.Buffers;
using System.Buffers.Binary;

namespace Kv.Grpc;

/// <summary>A whole frame as it lies in a receive buffer.
/// <code>
/// 0        3      4       5           9
/// | length | type | flags | stream id | payload ... |
/// </code></summary>
internal readonly struct Http2Frame(byte type, byte flags, ReadOnlySequence<byte> payload)
{
    private const byte HeadersType = 1;
    private const byte PaddedFlag = 0x08;
    private const byte PriorityFlag = 0x20;
    private const int PriorityBytes = 5;

    public bool IsHeaders => type == HeadersType;

    /// <summary>What of a HEADERS frame encodes headers; padding at its end included.</summary>
    public ReadOnlySequence<byte> Block
    {
        get
        {
            int skipped = ((flags & PaddedFlag) != 0 ? 1 : 0) + ((flags & PriorityFlag) != 0 ? PriorityBytes : 0);
            return skipped <= payload.Length ? payload.Slice(skipped) : default;
        }
    }
}

/// <summary>The whole frames at the head of a receive buffer, after the preface if it is there.</summary>
internal ref struct Http2Frames(ReadOnlySequence<byte> buffer)
{
    private const int HeadBytes = 9;
    private const int TypeOffset = 3;
    private const int FlagsOffset = 4;

    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private ReadOnlySequence<byte> _rest = WithoutPreface(buffer);

    public Http2Frame Current { get; private set; }

    public readonly Http2Frames GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.Length < HeadBytes)
            return false;
        Span<byte> head = stackalloc byte[HeadBytes];
        _rest.Slice(0, HeadBytes).CopyTo(head);
        long length = BinaryPrimitives.ReadUInt32BigEndian(head) >> 8;
        if (_rest.Length < HeadBytes + length)
            return false;
        Current = new Http2Frame(head[TypeOffset], head[FlagsOffset], _rest.Slice(HeadBytes, length));
        _rest = _rest.Slice(HeadBytes + length);
        return true;
    }

    private static ReadOnlySequence<byte> WithoutPreface(ReadOnlySequence<byte> buffer)
    {
        if (buffer.Length < Preface.Length)
            return buffer;
        Span<byte> head = stackalloc byte[Preface.Length];
        buffer.Slice(0, Preface.Length).CopyTo(head);
        return head.SequenceEqual(Preface) ? buffer.Slice(Preface.Length) : buffer;
    }
}
