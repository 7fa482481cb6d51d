namespace Kv.Raft;

/// <summary>What a node is to its cluster.</summary>
public enum RaftRole
{
    Follower,
    PreCandidate,
    Candidate,
    Leader,
}

/// <summary>What may change without being written down: who leads, and what this node is.</summary>
public readonly record struct SoftState(NodeId Leader, RaftRole Role);

/// <summary>The answer to <see cref="RaftNode.ReadIndex"/>: once entry <paramref name="Index"/> is applied here, the
/// store holds all that was committed when the question was asked.</summary>
public readonly record struct ReadState(ulong Context, ulong Index);

/// <summary>All that one turn of the state machine asks of the world. The parts carry the only ordering that
/// matters:
/// <list type="bullet">
/// <item><see cref="Messages"/> may leave at once.</item>
/// <item><see cref="MessagesAfterPersist"/> make promises and must wait until this output, and every one before it, is
/// on disk; then also <see cref="RaftNode.OnPersisted"/> is called with <see cref="WriteNumber"/>.</item>
/// <item><see cref="Committed"/> may be applied at once, after those of earlier outputs. It holds only entries that
/// earlier outputs had persisted: were the store ahead of the log, a crash would leave a node that has applied what
/// it cannot show to others.</item>
/// <item><see cref="Snapshot"/> is to be stored before <see cref="Entries"/>, and to replace the store's content before
/// the <see cref="Committed"/> of any later output; an output that has one has no entries to apply.</item>
/// </list>
/// Belongs to whoever passes it to <see cref="RaftNode.TakeOutput"/>, which empties and fills it and keeps no hold of
/// it or its lists. So the lanes may read it at leisure, and it is filled again once all of them are done: a few of
/// them in turn serve a node for its life, and no list is ever allocated for a batch.</summary>
public sealed class Output
{
    private List<Message> _messages = [];
    private List<Message> _messagesAfterPersist = [];

    /// <summary>Zero if nobody waits for this output to be on disk. Numbers ascend.</summary>
    public ulong WriteNumber { get; internal set; }

    /// <summary>Whether what is to be written must be made durable, and not merely written in order.</summary>
    public bool MustSync { get; internal set; }

    /// <summary>To be written after <see cref="Entries"/>, if it has changed.</summary>
    public HardState? HardState { get; internal set; }

    public Snapshot? Snapshot { get; internal set; }

    /// <summary>To be appended to the log. The first may take the place of one written before: then that one and all
    /// after it are void.</summary>
    public List<Entry> Entries { get; } = [];

    public IReadOnlyList<Message> Messages => _messages;

    public IReadOnlyList<Message> MessagesAfterPersist => _messagesAfterPersist;

    /// <summary>To be applied, in order.</summary>
    public List<Entry> Committed { get; } = [];

    public List<ReadState> ReadStates { get; } = [];

    /// <summary>Entries proposed here with a tag whose place in the log another leader has filled: this node will
    /// never see them committed. (Elsewhere they may have been: a proposer may not conclude that they were
    /// not.)</summary>
    public List<Entry> Dropped { get; } = [];

    public SoftState? SoftState { get; internal set; }

    public bool IsEmpty =>
        HardState is null && Snapshot is null && SoftState is null
        && Entries.Count == 0 && Committed.Count == 0 && ReadStates.Count == 0 && Dropped.Count == 0
        && _messages.Count == 0 && _messagesAfterPersist.Count == 0;

    internal void Clear()
    {
        WriteNumber = 0;
        MustSync = false;
        HardState = null;
        Snapshot = null;
        SoftState = null;
        Entries.Clear();
        Committed.Clear();
        ReadStates.Clear();
        Dropped.Clear();
        _messages.Clear();
        _messagesAfterPersist.Clear();
    }

    /// <summary>Trades lists with the node: its full ones for these empty ones.</summary>
    internal void SwapMessages(ref List<Message> messages, ref List<Message> messagesAfterPersist)
    {
        (_messages, messages) = (messages, _messages);
        (_messagesAfterPersist, messagesAfterPersist) = (messagesAfterPersist, _messagesAfterPersist);
    }
}
