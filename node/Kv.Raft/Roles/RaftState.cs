namespace Kv.Raft;

/// <summary>What the rules of all roles share. Only <see cref="RaftNode"/> changes term, vote, role and
/// leader.</summary>
internal sealed class RaftState
{
    public RaftState(RaftOptions options, RestoredState restored)
    {
        Options = options;
        Log = new RaftLog(restored, Writes);
        Term = restored.HardState.Term;
        Vote = restored.HardState.Vote;
        if (Log.LastId.Term > Term)
        {
            // A crash in the middle of a write left entries without the state that was to follow them. No vote of
            // their term can have left this node.
            Term = Log.LastId.Term;
            Vote = NodeId.None;
        }

        Tracker = new ProgressTracker(
            options.Id,
            () => new Inflights(options.InflightMessagesMax, options.InflightBytesMax),
            restored.Conf,
            Log.LastIndex);
    }

    public RaftOptions Options { get; }

    public NodeId Id => Options.Id;

    public ulong Term { get; set; }

    public NodeId Vote { get; set; }

    public NodeId Leader { get; set; }

    public RaftRole Role { get; set; }

    public WriteQueue Writes { get; } = new();

    public RaftLog Log { get; }

    public ProgressTracker Tracker { get; }

    public Outbox Outbox { get; } = new();

    public List<ReadState> ReadStates { get; } = [];

    /// <summary>See <see cref="Output.Dropped"/>.</summary>
    public List<Entry> Dropped { get; } = [];

    public HardState HardState => new(Term, Vote, Log.Committed);

    public SoftState SoftState => new(Leader, Role);
}
