using System.Buffers.Binary;
using Kv.Storage.Wire;

namespace Kv.Storage.Log;

/// <summary>Gathers records, framed and chained by checksum, until they are written as one. The buffer is reused, so an
/// entry costs no allocation.</summary>
internal sealed class RecordBuffer
{
    private const int StartBytes = 64 * 1024;
    private const int KeptBytesMax = 4 * 1024 * 1024;
    private const int RecordHeadMax = 32;

    private byte[] _bytes = new byte[StartBytes];

    public int Count { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Count);

    /// <summary>The checksum of all content of the log so far.</summary>
    public uint Checksum { get; set; }

    public void AddChecksum() => Add(RecordType.Checksum, default, default);

    public void AddMetadata(LogMetadata metadata)
    {
        Span<byte> content = stackalloc byte[2 * WireWriter.FieldBytesMax];
        var writer = new WireWriter(content);
        writer.Number(1, metadata.NodeId);
        writer.Number(2, metadata.ClusterId);
        Add(RecordType.Metadata, writer.Written, default);
    }

    public void AddEntry(int type, ulong term, ulong index, ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[4 * WireWriter.FieldBytesMax];
        var writer = new WireWriter(head);
        writer.Number(1, (ulong)type);
        writer.Number(2, term);
        writer.Number(3, index);
        if (!data.IsEmpty)
            writer.Length(4, data.Length);
        Add(RecordType.Entry, writer.Written, data);
    }

    public void AddState(in LogState state)
    {
        Span<byte> content = stackalloc byte[3 * WireWriter.FieldBytesMax];
        var writer = new WireWriter(content);
        writer.Number(1, state.Term);
        writer.Number(2, state.Vote);
        writer.Number(3, state.Commit);
        Add(RecordType.State, writer.Written, default);
    }

    public void AddSnapshot(in LogSnapshot snapshot)
    {
        Span<byte> head = stackalloc byte[3 * WireWriter.FieldBytesMax];
        var writer = new WireWriter(head);
        writer.Number(1, snapshot.Index);
        writer.Number(2, snapshot.Term);
        if (snapshot.ConfState is null)
        {
            Add(RecordType.Snapshot, writer.Written, default);
            return;
        }

        byte[] confState = ConfStateCodec.Encode(snapshot.ConfState);
        writer.Length(3, confState.Length);
        Add(RecordType.Snapshot, writer.Written, confState);
    }

    public void Clear()
    {
        Count = 0;
        if (_bytes.Length > KeptBytesMax)
            _bytes = new byte[StartBytes];
    }

    /// <summary>A record whose content is <paramref name="head"/> followed by <paramref name="body"/>.</summary>
    private void Add(RecordType type, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        Checksum = Crc32C.Append(Crc32C.Append(Checksum, head), body);

        int contentLength = head.Length + body.Length;
        Reserve(Frame.HeaderBytes + RecordHeadMax + contentLength + Frame.Alignment);
        Span<byte> frame = _bytes.AsSpan(Count);

        var record = new WireWriter(frame[Frame.HeaderBytes..]);
        record.Number(1, (ulong)type);
        record.Number(2, Checksum);
        if (contentLength > 0)
            record.Length(3, contentLength);
        int at = Frame.HeaderBytes + record.Count;
        head.CopyTo(frame[at..]);
        body.CopyTo(frame[(at + head.Length)..]);

        int length = record.Count + contentLength;
        BinaryPrimitives.WriteUInt64LittleEndian(frame, Frame.EncodeLength(length));
        int end = (int)Frame.SpanOf(length);
        frame[(Frame.HeaderBytes + length)..end].Clear(); // what the buffer held before must not reach the disk
        Count += end;
    }

    private void Reserve(int bytes)
    {
        if (_bytes.Length - Count < bytes)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Count + bytes));
    }
}
