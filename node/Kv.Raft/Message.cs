namespace Kv.Raft;

/// <summary>The kinds of message; the numbers are raftpb's. Those that nodes never send to each other are left
/// out.</summary>
public enum MessageType
{
    Propose = 2,
    Append = 3,
    AppendResponse = 4,
    Vote = 5,
    VoteResponse = 6,
    Snapshot = 7,
    Heartbeat = 8,
    HeartbeatResponse = 9,
    TransferLeader = 13,
    TimeoutNow = 14,
    ReadIndex = 15,
    ReadIndexResponse = 16,
    PreVote = 17,
    PreVoteResponse = 18,
}

/// <summary>One message between nodes (raftpb.Message). Whoever holds one may read it from any thread: nothing here
/// or in the node that made it changes it later.</summary>
public sealed class Message
{
    private const ulong NumberMax = ulong.MaxValue / 2;

    public required MessageType Type { get; init; }

    public NodeId To { get; init; }

    public NodeId From { get; init; }

    /// <summary>The sender's term; zero in <see cref="MessageType.Propose"/> and <see cref="MessageType.ReadIndex"/>,
    /// which are for whoever leads; the term asked for in the messages of a pre-vote.</summary>
    public ulong Term { get; init; }

    /// <summary>The term of the entry at <see cref="Index"/>; in a refused append, of the one at
    /// <see cref="RejectHint"/>.</summary>
    public ulong LogTerm { get; init; }

    /// <summary>In an append the entry before <see cref="Entries"/>, in a vote the candidate's last entry, in a
    /// response the last that is now known to match, or the one that was refused.</summary>
    public ulong Index { get; init; }

    public ReadOnlyMemory<Entry> Entries { get; init; }

    public ulong Commit { get; init; }

    public Snapshot? Snapshot { get; init; }

    public bool Reject { get; init; }

    /// <summary>Where the log of a node that refused an append may still agree with the leader's.</summary>
    public ulong RejectHint { get; init; }

    /// <summary>Opaque bytes that a heartbeat's answer echoes; marks a vote asked for by a leader's transfer.</summary>
    public ReadOnlyMemory<byte> Context { get; init; }

    /// <summary>The same message, which brings a snapshot, with another one.</summary>
    public Message With(Snapshot snapshot) =>
        new() { Type = Type, To = To, From = From, Term = Term, Snapshot = snapshot };

    /// <summary>Whether its numbers are such as a cluster can reach; others could overflow where they are counted
    /// on.</summary>
    internal bool IsSane =>
        Math.Max(Term, LogTerm) <= NumberMax
        && Math.Max(Index, RejectHint) <= NumberMax
        && (Snapshot is null || (Snapshot.Id.Index <= NumberMax && Snapshot.Id.Term <= Term));
}
