namespace Kv.Raft;

/// <summary>The numbers are raftpb's.</summary>
public enum ConfChangeType
{
    AddNode = 0,
    RemoveNode = 1,
    UpdateNode = 2,
    AddLearnerNode = 3,
}

/// <summary>How a change of the membership is carried out; the numbers are raftpb's.</summary>
public enum ConfChangeTransition
{
    /// <summary>In one step if one voter changes at most, else by a joint membership that ends by itself.</summary>
    Auto = 0,

    /// <summary>By a joint membership that ends by itself.</summary>
    JointImplicit = 1,

    /// <summary>By a joint membership that lasts until an empty change is proposed.</summary>
    JointExplicit = 2,
}

/// <summary>A change of one member, as etcd proposes it (raftpb.ConfChange).</summary>
/// <param name="Id">Names the request for its proposer; opaque here.</param>
/// <param name="Node">None for a change that is to have no effect.</param>
/// <param name="Context">Opaque here.</param>
public sealed record ConfChange(
    ulong Id,
    ConfChangeType Type,
    NodeId Node,
    ReadOnlyMemory<byte> Context = default)
{
    public ConfChangeV2 ToV2() =>
        new(ConfChangeTransition.Auto, [new ConfChangeSingle(Type, Node)], Context);
}

public readonly record struct ConfChangeSingle(ConfChangeType Type, NodeId Node);

/// <summary>A change of any number of members (raftpb.ConfChangeV2).</summary>
public sealed record ConfChangeV2(
    ConfChangeTransition Transition,
    IReadOnlyList<ConfChangeSingle> Changes,
    ReadOnlyMemory<byte> Context = default)
{
    /// <summary>The change that ends a joint membership.</summary>
    public static ConfChangeV2 Leave { get; } = new(ConfChangeTransition.Auto, []);

    /// <summary>Whether this ends a joint membership.</summary>
    internal bool LeavesJoint => Transition == ConfChangeTransition.Auto && Changes.Count == 0;

    /// <summary>Whether this begins a joint membership.</summary>
    internal bool EntersJoint => Transition != ConfChangeTransition.Auto || Changes.Count > 1;

    internal bool AutoLeaves => Transition != ConfChangeTransition.JointExplicit;
}
