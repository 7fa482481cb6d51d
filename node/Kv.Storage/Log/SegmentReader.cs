using System.Buffers.Binary;

namespace Kv.Storage.Log;

/// <summary>What stands at a place of a segment.</summary>
internal enum SegmentItem
{
    Record,

    /// <summary>The file ends here, between two records.</summary>
    EndOfFile,

    /// <summary>A length of zero: the end, if only zeros follow.</summary>
    Zero,

    /// <summary>A record that the file is too short for.</summary>
    CutShort,

    /// <summary>Nothing that a writer can have written.</summary>
    Malformed,
}

/// <summary>Reads the frames of one segment in order, without judging their checksums. A frame is valid until the next
/// is read.</summary>
internal sealed class SegmentReader(IFile file)
{
    private const int BufferBytes = 256 * 1024;

    private readonly long _length = file.Length;
    private byte[] _buffer = new byte[BufferBytes];
    private long _bufferOffset;
    private int _bufferCount;

    public string Path => file.Path;

    /// <summary>Where the frame just read begins, or what was found instead of one.</summary>
    public long Offset { get; private set; }

    /// <summary>Where it ends.</summary>
    public long End { get; private set; }

    public SegmentItem Read(out Frame frame)
    {
        frame = default;
        Offset = End;
        long rest = _length - Offset;
        if (rest == 0)
            return SegmentItem.EndOfFile;
        if (rest < Frame.HeaderBytes)
            return SegmentItem.CutShort;

        ReadOnlySpan<byte> header = Bytes(Offset, Frame.HeaderBytes);
        if (BinaryPrimitives.ReadUInt64LittleEndian(header) == 0)
            return SegmentItem.Zero;
        if (!Frame.TryDecodeLength(header, out long length))
            return SegmentItem.Malformed;
        if (Frame.SpanOf(length) > rest || Frame.SpanOf(length) > Array.MaxLength)
            return SegmentItem.CutShort;

        int span = (int)Frame.SpanOf(length);
        if (!Frame.TryParse(Bytes(Offset, span).Slice(Frame.HeaderBytes, (int)length), out frame))
            return SegmentItem.Malformed;
        End = Offset + span;
        return SegmentItem.Record;
    }

    private ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        if (offset < _bufferOffset || offset + count > _bufferOffset + _bufferCount)
        {
            if (count > _buffer.Length)
                _buffer = new byte[Math.Max(count, Math.Min(2L * _buffer.Length, Array.MaxLength))];
            _bufferOffset = offset;
            _bufferCount = file.Read(offset, _buffer);
            Invariant.Require(_bufferCount >= count); // the length was checked, and nobody else writes
        }

        return _buffer.AsSpan((int)(offset - _bufferOffset), count);
    }
}
