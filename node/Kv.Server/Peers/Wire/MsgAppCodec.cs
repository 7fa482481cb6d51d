using System.Buffers;
using System.Buffers.Binary;
using Kv.Raft;

namespace Kv.Server.Peers.Wire;

/// <summary>The stream of appends, etcd's "msgapp v2". Numbers have eight bytes, the highest first.
/// <code>
/// heartbeat   | 0 |
/// entries     | 1 | count | length | raftpb.Entry | length | raftpb.Entry | ... | commit |
/// full        | 2 | length | raftpb.Message |
/// </code>
/// Both sides remember the term and the index at which the last append ended. One that goes on from there, in the same
/// term, needs only its entries and the commit index.
/// <code>
/// after    full {term 2, logTerm 1, index 3, entries 4}     both remember 2/4
/// then     append {term 2, logTerm 2, index 4, entries 5-6} is entries [5, 6]; both remember 2/6
/// </code></summary>
internal sealed class MsgAppEncoder(MessageStyle style) : IStreamEncoder
{
    private readonly RaftMessageEncoder _messages = new(style);
    private AppendPlace _place;

    public long Write(IBufferWriter<byte> output, Message message)
    {
        var wire = new WireOutput(output);
        if (_place.IsContinuedBy(message))
            WriteEntries(ref wire, message);
        else
            WriteFull(ref wire, message);
        wire.Flush();
        _place.MoveBehind(message);
        return wire.Count;
    }

    public long WriteHeartbeat(IBufferWriter<byte> output)
    {
        output.GetSpan(1)[0] = MsgAppFrame.Heartbeat;
        output.Advance(1);
        return 1;
    }

    private void WriteEntries(ref WireOutput wire, Message message)
    {
        ReadOnlySpan<Entry> entries = message.Entries.Span;
        wire.Byte(MsgAppFrame.Entries);
        wire.BigEndian((ulong)entries.Length);
        foreach (ref readonly Entry entry in entries)
        {
            wire.BigEndian((ulong)_messages.SizeOf(entry));
            _messages.Write(ref wire, entry);
        }

        wire.BigEndian(message.Commit);
    }

    private void WriteFull(ref WireOutput wire, Message message)
    {
        wire.Byte(MsgAppFrame.Full);
        wire.BigEndian((ulong)_messages.SizeOf(message));
        _messages.Write(ref wire, message);
    }
}

/// <summary>Reads what <see cref="MsgAppEncoder"/> draws.</summary>
/// <param name="local">Who reads.</param>
/// <param name="remote">Who writes.</param>
internal sealed class MsgAppDecoder(NodeId local, NodeId remote) : IStreamDecoder
{
    private const int HeadBytes = 1 + sizeof(ulong);

    private AppendPlace _place;

    // How far an incomplete frame of entries was looked through, so that one of many entries that comes in many pieces
    // is gone through once and not once per piece.
    private long _scannedBytes;
    private long _scannedEntries;

    public FrameOutcome TryRead(ref ReadOnlySequence<byte> received, out Message? message)
    {
        message = null;
        if (!new SequenceReader<byte>(received).TryPeek(out byte kind))
            return FrameOutcome.Incomplete;
        switch (kind)
        {
            case MsgAppFrame.Heartbeat:
                received = received.Slice(1);
                return FrameOutcome.Taken;
            case MsgAppFrame.Entries:
                return TryReadEntries(ref received, out message);
            case MsgAppFrame.Full:
                return TryReadFull(ref received, out message);
            default:
                return FrameOutcome.Malformed;
        }
    }

    private FrameOutcome TryReadFull(ref ReadOnlySequence<byte> received, out Message? message)
    {
        message = null;
        var reader = new SequenceReader<byte>(received);
        reader.Advance(1);
        if (!reader.TryReadBigEndian(out long length))
            return FrameOutcome.Incomplete;
        if (length is < 0 or > WireLimits.FrameBytesMax)
            return FrameOutcome.Malformed;
        if (!reader.TryReadExact((int)length, out ReadOnlySequence<byte> frame))
            return FrameOutcome.Incomplete;

        message = RaftMessageDecoder.TryDecode(frame);
        if (message is null)
            return FrameOutcome.Malformed;
        _place.MoveBehind(message);
        received = received.Slice(reader.Position);
        return FrameOutcome.Taken;
    }

    private FrameOutcome TryReadEntries(ref ReadOnlySequence<byte> received, out Message? message)
    {
        message = null;
        var reader = new SequenceReader<byte>(received);
        reader.Advance(1);
        if (!reader.TryReadBigEndian(out long count))
            return FrameOutcome.Incomplete;
        if (count is < 0 or > WireLimits.EntriesMax)
            return FrameOutcome.Malformed;

        FrameOutcome outcome = Scan(received, count, out long entriesEnd);
        if (outcome != FrameOutcome.Taken)
            return outcome;

        reader.Advance(entriesEnd - HeadBytes);
        if (!reader.TryReadBigEndian(out long commit))
            return FrameOutcome.Incomplete;
        if (!TryDecode(received.Slice(HeadBytes, entriesEnd - HeadBytes), (int)count, out Entry[] entries))
            return FrameOutcome.Malformed;

        message = _place.ToAppend(remote, local, entries, unchecked((ulong)commit));
        _place.MoveBehind(message);
        received = received.Slice(reader.Position);
        _scannedBytes = 0;
        _scannedEntries = 0;
        return FrameOutcome.Taken;
    }

    /// <summary>Finds the end of the last entry.</summary>
    private FrameOutcome Scan(in ReadOnlySequence<byte> received, long count, out long entriesEnd)
    {
        entriesEnd = Math.Max(_scannedBytes, HeadBytes);
        var reader = new SequenceReader<byte>(received.Slice(entriesEnd));
        while (_scannedEntries < count)
        {
            if (!reader.TryReadBigEndian(out long length))
                return FrameOutcome.Incomplete;
            if (length < 0 || length > WireLimits.FrameBytesMax - entriesEnd)
                return FrameOutcome.Malformed;
            if (reader.Remaining < length)
                return FrameOutcome.Incomplete;
            reader.Advance(length);
            entriesEnd += sizeof(ulong) + length;
            _scannedBytes = entriesEnd;
            _scannedEntries++;
        }

        return FrameOutcome.Taken;
    }

    // The entries keep the copy of the whole frame: their data are slices of it.
    private static bool TryDecode(in ReadOnlySequence<byte> frame, int count, out Entry[] entries)
    {
        byte[] owned = GC.AllocateUninitializedArray<byte>((int)frame.Length);
        frame.CopyTo(owned);
        entries = new Entry[count];
        int position = 0;
        for (int at = 0; at < count; at++)
        {
            int length = (int)BinaryPrimitives.ReadInt64BigEndian(owned.AsSpan(position));
            position += sizeof(ulong);
            if (!RaftMessageDecoder.TryDecodeEntry(
                owned.AsSpan(position, length), owned.AsMemory(position, length), out entries[at]))
            {
                return false;
            }

            position += length;
        }

        return true;
    }
}

/// <summary>The first byte of a frame.</summary>
internal static class MsgAppFrame
{
    public const byte Heartbeat = 0;
    public const byte Entries = 1;
    public const byte Full = 2;
}

/// <summary>Where the last append of a stream ended, as both sides of it remember.</summary>
internal struct AppendPlace
{
    private ulong _term;
    private ulong _index;

    /// <summary>Whether nothing need be said of an append but its entries and the commit index.</summary>
    public readonly bool IsContinuedBy(Message append) =>
        append.Index == _index && append.LogTerm == _term && append.Term == _term;

    public readonly Message ToAppend(NodeId from, NodeId to, Entry[] entries, ulong commit) => new()
    {
        Type = MessageType.Append,
        From = from,
        To = to,
        Term = _term,
        LogTerm = _term,
        Index = _index,
        Entries = entries,
        Commit = commit,
    };

    public void MoveBehind(Message append)
    {
        if (IsContinuedBy(append))
        {
            _index = unchecked(_index + (ulong)append.Entries.Length);
            return;
        }

        _term = append.Term;
        _index = append.Entries.IsEmpty ? append.Index : append.Entries.Span[^1].Index;
    }
}
