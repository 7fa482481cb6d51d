using Kv.Raft;

namespace Kv.Replication;

/// <summary>One output of the state machine on its way through the lanes. The replica lends it to the log lane and to
/// the apply lane and fills it anew when both have given it back, so a few of them serve a node for its
/// life.</summary>
public sealed class Turn
{
    public Output Output { get; } = new();

    /// <summary>To be written after the entries; null if it has not changed.</summary>
    public HardState? HardState { get; internal set; }

    /// <summary>How many lanes hold it; owned by the replica.</summary>
    internal int Holders { get; set; }
}
