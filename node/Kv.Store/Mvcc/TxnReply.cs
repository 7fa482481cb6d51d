using System.Buffers;

namespace Kv.Store;

/// <summary>The answer to a transaction while it grows: the encoded <c>ResponseOp</c>s so far. What is nested is
/// written first and gets its length put before it afterwards.
/// <code>
/// TxnResponse   { 1 header | 2 succeeded | 3 ResponseOp, ... }
/// ResponseOp    { 1 range, 2 put, 3 delete or 4 txn }
/// </code></summary>
internal sealed class TxnReply
{
    private const int SucceededField = 2;
    private const int ResponseField = 3;
    private const int HeaderField = 1;
    private const int KeptBytesMax = 64 << 10;
    private const int FirstBytes = 512;

    private byte[] _bytes = new byte[FirstBytes];
    private int _length;

    public void Clear()
    {
        _length = 0;
        if (_bytes.Length > KeptBytesMax)
            _bytes = new byte[FirstBytes];
    }

    /// <summary>Room for the content of one operation's response.</summary>
    public Span<byte> AddResponse(RequestOpKind kind, int length)
    {
        int operation = ProtoWriter.SizeOfMessage(length);
        var writer = new ProtoWriter(Take(ProtoWriter.SizeOfMessage(operation)));
        writer.Begin(ResponseField, operation);
        writer.Begin((int)kind, length);
        return writer.Take(length);
    }

    /// <summary>Begins what <see cref="EndNested"/> makes the response of a nested transaction; its header is
    /// empty.</summary>
    public int BeginNested(bool succeeded)
    {
        int start = _length;
        var writer = new ProtoWriter(Take(2 + ProtoWriter.SizeOfNumber(succeeded ? 1 : 0)));
        writer.Begin(HeaderField, 0);
        writer.Number(SucceededField, succeeded ? 1 : 0);
        return start;
    }

    public void EndNested(int start)
    {
        int length = _length - start;
        int operation = ProtoWriter.SizeOfMessage(length);
        int gap = ProtoWriter.SizeOfMessage(operation) - length;
        Take(gap);
        _bytes.AsSpan(start, length).CopyTo(_bytes.AsSpan(start + gap));
        var writer = new ProtoWriter(_bytes.AsSpan(start));
        writer.Begin(ResponseField, operation);
        writer.Begin((int)RequestOpKind.Txn, length);
    }

    /// <summary>Writes the whole answer.</summary>
    public void WriteTo(IBufferWriter<byte> destination, in ReplyHeader header, long revision, bool succeeded)
    {
        int length = header.SizeOf(revision) + ProtoWriter.SizeOfNumber(succeeded ? 1 : 0) + _length;
        var writer = new ProtoWriter(destination.GetSpan(length));
        header.Write(ref writer, revision);
        writer.Number(SucceededField, succeeded ? 1 : 0);
        _bytes.AsSpan(0, _length).CopyTo(writer.Take(_length));
        destination.Advance(length);
    }

    private Span<byte> Take(int length)
    {
        int needed = checked(_length + length);
        if (needed > _bytes.Length)
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * _bytes.Length)));
        Span<byte> taken = _bytes.AsSpan(_length, length);
        _length = needed;
        return taken;
    }
}
