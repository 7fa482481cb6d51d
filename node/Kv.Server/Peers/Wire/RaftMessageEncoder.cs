using Kv.Raft;

namespace Kv.Server.Peers.Wire;

/// <summary>Puts messages into the bytes of raftpb.Message, which <see cref="RaftFields"/> draws. Entries are copied
/// once, from where the log has them into the pipe.</summary>
internal sealed class RaftMessageEncoder(MessageStyle style)
{
    /// <summary>How many bytes <see cref="Write(ref WireOutput, Message)"/> will write.</summary>
    public long SizeOf(Message message)
    {
        uint fields = RaftFields.ToWrite(style, message);
        long size = 0;
        for (int field = RaftFields.Type; field <= RaftFields.Vote; field++)
        {
            if ((fields & RaftFields.Bit(field)) != 0)
                size += 1 + WireOutput.SizeOf(NumberOf(message, field));
        }

        foreach (ref readonly Entry entry in message.Entries.Span)
            size += WireOutput.SizeOfBytes(SizeOf(entry));
        if (message.Snapshot is { } snapshot)
            size += WireOutput.SizeOfBytes(SnapshotCodec.SizeOf(snapshot));
        else if (style == MessageStyle.Etcd35)
            size += WireOutput.SizeOfBytes(SnapshotCodec.Empty.Length);
        return message.Context.IsEmpty ? size : size + WireOutput.SizeOfBytes(message.Context.Length);
    }

    public void Write(ref WireOutput output, Message message)
    {
        uint fields = RaftFields.ToWrite(style, message);
        Scalars(ref output, message, fields, RaftFields.Type, RaftFields.Index);
        foreach (ref readonly Entry entry in message.Entries.Span)
        {
            output.Length(RaftFields.Entries, SizeOf(entry));
            Write(ref output, entry);
        }

        Scalars(ref output, message, fields, RaftFields.Commit, RaftFields.Commit);
        if (message.Snapshot is { } snapshot)
        {
            output.Length(RaftFields.Snapshot, SnapshotCodec.SizeOf(snapshot));
            SnapshotCodec.Write(ref output, snapshot);
        }
        else if (style == MessageStyle.Etcd35)
        {
            output.Length(RaftFields.Snapshot, SnapshotCodec.Empty.Length);
            output.Bytes(SnapshotCodec.Empty);
        }

        Scalars(ref output, message, fields, RaftFields.Reject, RaftFields.RejectHint);
        if (!message.Context.IsEmpty)
        {
            output.Length(RaftFields.Context, message.Context.Length);
            output.Bytes(message.Context.Span);
        }

        Scalars(ref output, message, fields, RaftFields.Vote, RaftFields.Vote);
    }

    public long SizeOf(in Entry entry)
    {
        long size = 0;
        if (IsWritten((ulong)entry.Type))
            size += 1 + WireOutput.SizeOf((ulong)entry.Type);
        if (IsWritten(entry.Term))
            size += 1 + WireOutput.SizeOf(entry.Term);
        if (IsWritten(entry.Index))
            size += 1 + WireOutput.SizeOf(entry.Index);
        return entry.Data.IsEmpty ? size : size + WireOutput.SizeOfBytes(entry.Data.Length);
    }

    public void Write(ref WireOutput output, in Entry entry)
    {
        if (IsWritten((ulong)entry.Type))
            output.Number(RaftFields.EntryType, (ulong)entry.Type);
        if (IsWritten(entry.Term))
            output.Number(RaftFields.EntryTerm, entry.Term);
        if (IsWritten(entry.Index))
            output.Number(RaftFields.EntryIndex, entry.Index);
        if (entry.Data.IsEmpty)
            return;
        output.Length(RaftFields.EntryData, entry.Data.Length);
        output.Bytes(entry.Data.Span);
    }

    private bool IsWritten(ulong number) => number != 0 || style != MessageStyle.Etcd37;

    private static void Scalars(ref WireOutput output, Message message, uint fields, int first, int last)
    {
        for (int field = first; field <= last; field++)
        {
            if ((fields & RaftFields.Bit(field)) != 0)
                output.Number(field, NumberOf(message, field));
        }
    }

    private static ulong NumberOf(Message message, int field) => field switch
    {
        RaftFields.Type => unchecked((ulong)message.Type),
        RaftFields.To => message.To.Value,
        RaftFields.From => message.From.Value,
        RaftFields.Term => message.Term,
        RaftFields.LogTerm => message.LogTerm,
        RaftFields.Index => message.Index,
        RaftFields.Commit => message.Commit,
        RaftFields.Reject => message.Reject ? 1UL : 0UL,
        RaftFields.RejectHint => message.RejectHint,
        _ => 0, // vote, which is for a node's own storage only
    };
}
