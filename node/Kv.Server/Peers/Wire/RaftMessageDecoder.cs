using System.Buffers;
using Kv.Raft;

namespace Kv.Server.Peers.Wire;

/// <summary>Reads raftpb.Message in every <see cref="MessageStyle"/>; <see cref="RaftFields"/> draws it. What a message
/// points into (entries, a context, a snapshot's content) is copied out of the pipe once, all of it together, and
/// then sliced; most messages have none of that and cost the one object.</summary>
internal static class RaftMessageDecoder
{
    /// <summary>Null if the bytes are no message.</summary>
    public static Message? TryDecode(in ReadOnlySequence<byte> message)
    {
        if (message.IsSingleSegment && !PointsIntoBytes(message.FirstSpan))
            return TryDecode(message.FirstSpan, default);
        return TryDecode(message.ToArray());
    }

    /// <summary>Null if the bytes are no message.</summary>
    /// <param name="owned">Kept by the message if it has entries and the like, and not to be changed then.</param>
    public static Message? TryDecode(byte[] owned) => TryDecode(owned, owned);

    public static bool TryDecodeEntry(ReadOnlySpan<byte> bytes, ReadOnlyMemory<byte> owned, out Entry entry)
    {
        ulong type = 0;
        ulong term = 0;
        ulong index = 0;
        ReadOnlyMemory<byte> data = default;
        var reader = new FieldReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case RaftFields.EntryType:
                    type = reader.Number();
                    break;
                case RaftFields.EntryTerm:
                    term = reader.Number();
                    break;
                case RaftFields.EntryIndex:
                    index = reader.Number();
                    break;
                case RaftFields.EntryData:
                    data = Own(ref reader, owned);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        // One of a kind that nobody here could apply must not get into the log.
        bool isKnown = type <= (ulong)EntryType.ConfChangeV2;
        entry = isKnown ? new Entry(new EntryId(term, index), (EntryType)type, data) : default;
        return isKnown && !reader.IsMalformed;
    }

    private static Message? TryDecode(ReadOnlySpan<byte> bytes, ReadOnlyMemory<byte> owned)
    {
        var numbers = default(Scalars);
        Entry[] entries = [];
        Snapshot? snapshot = null;
        ReadOnlyMemory<byte> context = default;
        var reader = new FieldReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case RaftFields.Entries:
                    if (!TryDecodeRun(ref reader, owned, ref entries))
                        return null;
                    break;
                case RaftFields.Snapshot:
                    ReadOnlyMemory<byte> part = default;
                    ReadOnlySpan<byte> inner = reader.Bytes();
                    if (!owned.IsEmpty)
                        part = owned.Slice(reader.Position - inner.Length, inner.Length);
                    if (reader.IsMalformed || !SnapshotCodec.TryDecode(inner, part, out snapshot))
                        return null;
                    break;
                case RaftFields.Context:
                    context = Own(ref reader, owned);
                    break;
                case <= RaftFields.Vote:
                    numbers[reader.Field] = reader.Number();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return reader.IsMalformed ? null : new Message
        {
            Type = (MessageType)unchecked((int)numbers[RaftFields.Type]),
            To = new NodeId(numbers[RaftFields.To]),
            From = new NodeId(numbers[RaftFields.From]),
            Term = numbers[RaftFields.Term],
            LogTerm = numbers[RaftFields.LogTerm],
            Index = numbers[RaftFields.Index],
            Entries = entries,
            Commit = numbers[RaftFields.Commit],
            Snapshot = snapshot,
            Reject = numbers[RaftFields.Reject] != 0,
            RejectHint = numbers[RaftFields.RejectHint],
            Context = context,
        };
    }

    // Entries stand one after another, so they are counted first and the array is made once.
    private static bool TryDecodeRun(ref FieldReader reader, ReadOnlyMemory<byte> owned, ref Entry[] entries)
    {
        int before = entries.Length;
        int count = reader.CountRun();
        if (before + count > WireLimits.EntriesMax)
            return false;
        Array.Resize(ref entries, before + count);
        for (int at = before; at < entries.Length; at++)
        {
            if (at > before)
                reader.Next();
            ReadOnlySpan<byte> bytes = reader.Bytes();
            if (reader.IsMalformed)
                return false;
            ReadOnlyMemory<byte> part = owned.Slice(reader.Position - bytes.Length, bytes.Length);
            if (!TryDecodeEntry(bytes, part, out entries[at]))
                return false;
        }

        return true;
    }

    private static ReadOnlyMemory<byte> Own(ref FieldReader reader, ReadOnlyMemory<byte> owned)
    {
        int length = reader.Bytes().Length;
        return length == 0 ? default : owned.Slice(reader.Position - length, length);
    }

    /// <summary>Whether the message would keep some of its bytes.</summary>
    private static bool PointsIntoBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new FieldReader(bytes);
        while (reader.Next())
        {
            if (reader.Field is RaftFields.Entries or RaftFields.Context)
                return true;
            if (reader.Field == RaftFields.Snapshot && !reader.Bytes().SequenceEqual(SnapshotCodec.Empty))
                return true;
            if (reader.Field != RaftFields.Snapshot)
                reader.Skip();
        }

        return false;
    }

    [System.Runtime.CompilerServices.InlineArray(RaftFields.Vote + 1)]
    private struct Scalars
    {
        private ulong _first;
    }
}
