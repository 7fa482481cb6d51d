using Kv.Raft;

namespace Kv.Server.Peers.Wire;

/// <summary>The numbers of raftpb's fields.
/// <code>
/// Message           1 type | 2 to | 3 from | 4 term | 5 logTerm | 6 index | 7 entries* | 8 commit | 9 snapshot
///                   10 reject | 11 rejectHint | 12 context | 13 vote | 14 responses* (the last two never leave a node)
/// Entry             1 type | 2 term | 3 index | 4 data
/// Snapshot          1 data | 2 metadata { 1 conf_state | 2 index | 3 term }
/// ConfState         1 voters* | 2 learners* | 3 voters_outgoing* | 4 learners_next* | 5 auto_leave
/// </code></summary>
internal static class RaftFields
{
    public const int Type = 1;
    public const int To = 2;
    public const int From = 3;
    public const int Term = 4;
    public const int LogTerm = 5;
    public const int Index = 6;
    public const int Entries = 7;
    public const int Commit = 8;
    public const int Snapshot = 9;
    public const int Reject = 10;
    public const int RejectHint = 11;
    public const int Context = 12;
    public const int Vote = 13;

    public const int EntryType = 1;
    public const int EntryTerm = 2;
    public const int EntryIndex = 3;
    public const int EntryData = 4;

    public const int SnapshotContent = 1;
    public const int SnapshotMetadata = 2;
    public const int MetadataConf = 1;
    public const int MetadataIndex = 2;
    public const int MetadataTerm = 3;

    public const int Voters = 1;
    public const int Learners = 2;
    public const int VotersOutgoing = 3;
    public const int LearnersNext = 4;
    public const int AutoLeave = 5;

    /// <summary>Which scalars of a message are written, as bits by field number.</summary>
    public static uint ToWrite(MessageStyle style, Message message) =>
        style switch
        {
            MessageStyle.Etcd35 => Every,
            MessageStyle.Etcd36 => Every | Bit(Vote),
            _ => Set(message),
        };

    public static uint Bit(int field) => 1u << field;

    private const uint Every =
        (1u << Type) | (1u << To) | (1u << From) | (1u << Term) | (1u << LogTerm) | (1u << Index) | (1u << Commit)
        | (1u << Reject) | (1u << RejectHint);

    /// <summary>What etcd 3.7 sets: what has a value, and where a kind of message is about a number, also a zero of
    /// it.</summary>
    private static uint Set(Message message)
    {
        uint fields = Bit(Type);
        if (message.To != NodeId.None)
            fields |= Bit(To) | About(message);
        if (message.From != NodeId.None)
            fields |= Bit(From);
        if (message.Term != 0)
            fields |= Bit(Term);
        if (message.LogTerm != 0)
            fields |= Bit(LogTerm);
        if (message.Index != 0)
            fields |= Bit(Index);
        if (message.Commit != 0)
            fields |= Bit(Commit);
        if (message.Reject)
            fields |= Bit(Reject);
        if (message.RejectHint != 0)
            fields |= Bit(RejectHint);
        return fields;
    }

    private static uint About(Message message) => message.Type switch
    {
        MessageType.Append => Bit(LogTerm) | Bit(Index) | Bit(Commit),
        MessageType.AppendResponse when message.Reject => Bit(LogTerm) | Bit(Index) | Bit(RejectHint),
        MessageType.Vote or MessageType.PreVote => Bit(LogTerm) | Bit(Index),
        MessageType.Heartbeat => Bit(Commit),
        MessageType.ReadIndexResponse => Bit(Index),
        _ => 0,
    };
}
