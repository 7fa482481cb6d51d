namespace Kv.Raft;

/// <summary>What a node is told when it is made. Times are in ticks.</summary>
public sealed record RaftOptions
{
    public required NodeId Id { get; init; }

    /// <summary>Draws the election timeouts; injected so that a simulation can repeat them.</summary>
    public required Random Random { get; init; }

    /// <summary>Without word from a leader for this long, up to twice as long by chance, a follower
    /// campaigns.</summary>
    public int ElectionTicks { get; init; } = 10;

    public int HeartbeatTicks { get; init; } = 1;

    /// <summary>Ask whether an election could be won before starting one, so that a node that was cut off does not
    /// unseat a healthy leader when it returns (Raft thesis §9.6).</summary>
    public bool PreVote { get; init; } = true;

    /// <summary>A leader that hears from no majority for an election timeout steps down, and a follower that hears
    /// from its leader gives no vote (Raft thesis §6.2, §6.4).</summary>
    public bool CheckQuorum { get; init; } = true;

    /// <summary>Entries of one message, in bytes; a single larger one is sent all the same.</summary>
    public long MessageBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Appends sent to one follower and not yet acknowledged.</summary>
    public int InflightMessagesMax { get; init; } = 512;

    /// <summary>The bytes of these; one more message may exceed it.</summary>
    public long InflightBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Data of entries that a leader has taken and not yet committed; more are refused.</summary>
    public long UncommittedBytesMax { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Entries in one <see cref="Output.Committed"/>, in bytes, so that apply proceeds in steps; a single
    /// larger one is handed out all the same.</summary>
    public long CommittedBytesMax { get; init; } = 4 * 1024 * 1024;
}

/// <summary>What a node finds on its disk when it starts; nothing, in a member that is new.</summary>
public sealed record RestoredState
{
    public HardState HardState { get; init; }

    /// <summary>Who was in the cluster at <see cref="Applied"/>.</summary>
    public ConfState Conf { get; init; } = ConfState.Empty;

    /// <summary>The entry before the first of <see cref="Entries"/>.</summary>
    public EntryId Compacted { get; init; }

    public IReadOnlyList<Entry> Entries { get; init; } = [];

    /// <summary>The last entry that the store contains; those after it are handed out again as they are known to be
    /// committed.</summary>
    public ulong Applied { get; init; }
}
