using Kv.Raft;

namespace Kv.Replication;

/// <summary>What a <see cref="Replica"/> is told. A struct with a tag, so that an inbox of thousands is one
/// array.</summary>
public readonly record struct ReplicaEvent
{
    private ReplicaEvent(EventKind kind, object? subject, ulong number)
    {
        Kind = kind;
        Subject = subject;
        Number = number;
    }

    internal EventKind Kind { get; }

    internal object? Subject { get; }

    internal ulong Number { get; }

    /// <summary>A heartbeat interval has passed.</summary>
    public static ReplicaEvent Tick { get; } = new(EventKind.Tick, null, 0);

    /// <summary>So many heartbeat intervals are to be taken for passed by whoever waits for a leader.</summary>
    public static ReplicaEvent SkipTicks(int count) => new(EventKind.SkipTicks, null, (ulong)count);

    /// <summary>Stand for election without waiting for the timeout.</summary>
    public static ReplicaEvent Campaign { get; } = new(EventKind.Campaign, null, 0);

    /// <summary>Only wakes the thread that waits for events.</summary>
    public static ReplicaEvent Nothing { get; } = new(EventKind.Nothing, null, 0);

    public static ReplicaEvent Propose(Proposal proposal) => new(EventKind.Propose, proposal, 0);

    public static ReplicaEvent ProposeChange(ConfProposal proposal) => new(EventKind.ProposeChange, proposal, 0);

    /// <summary>A message of another member. One of kind <see cref="MessageType.Snapshot"/> is passed over: see
    /// <see cref="ReceivedSnapshot"/>.</summary>
    public static ReplicaEvent Received(Message message) => new(EventKind.Received, message, 0);

    /// <summary>A snapshot of the leader, whose page file is on disk under its name, whole and synced
    /// (<see cref="MemberFiles.ReceivedPageFile"/>), and was found sound
    /// (<see cref="SnapshotFiles.TryAdmit"/>).</summary>
    public static ReplicaEvent ReceivedSnapshot(Message message) => new(EventKind.ReceivedSnapshot, message, 0);

    /// <summary>The network is done with a snapshot: the member has it, or it did not get there.</summary>
    public static ReplicaEvent SnapshotSent(NodeId to, bool isSuccess) =>
        new(isSuccess ? EventKind.SnapshotSent : EventKind.SnapshotFailed, null, to.Value);

    /// <summary>A message to this member was lost for sure.</summary>
    public static ReplicaEvent Unreachable(NodeId member) => new(EventKind.Unreachable, null, member.Value);

    /// <summary>Nothing listens where this member lives, though its machine answers.</summary>
    public static ReplicaEvent Refused(NodeId member) => new(EventKind.Refused, null, member.Value);

    public static ReplicaEvent Ask(StatusQuery query) => new(EventKind.Ask, query, 0);

    public static ReplicaEvent Read(ReadBatch batch) => new(EventKind.Read, batch, 0);

    public static ReplicaEvent Transfer(NodeId to) => new(EventKind.Transfer, null, to.Value);

    /// <summary>The log lane is done with a turn.</summary>
    public static ReplicaEvent Persisted(Turn turn) => new(EventKind.Persisted, turn, 0);

    /// <summary>The apply lane is done with a turn.</summary>
    public static ReplicaEvent Applied(Turn turn) => new(EventKind.Applied, turn, 0);

    /// <summary>The apply lane came upon a change of the membership; it is told here before the turn that held it is
    /// reported as applied.</summary>
    public static ReplicaEvent ConfApplied(ulong index, ConfChangeV2 change) =>
        new(EventKind.ConfApplied, change, index);

    /// <summary>A snapshot covers the log up to <paramref name="index"/>.</summary>
    public static ReplicaEvent SnapshotTaken(ulong index) => new(EventKind.SnapshotTaken, null, index);
}

internal enum EventKind
{
    Nothing,
    Tick,
    Campaign,
    Propose,
    ProposeChange,
    Received,
    ReceivedSnapshot,
    SnapshotSent,
    SnapshotFailed,
    Unreachable,
    Refused,
    Ask,
    Read,
    Transfer,
    Persisted,
    Applied,
    ConfApplied,
    SnapshotTaken,
    SkipTicks,
}
