namespace Kv.Raft;

/// <summary>A picture of a node, for metrics, the Status call and tests.</summary>
/// <param name="Peers">What the leader knows of each member, itself included; empty elsewhere.</param>
public sealed record RaftStatus(
    NodeId Id,
    HardState HardState,
    SoftState SoftState,
    ulong Applied,
    EntryId LastEntry,
    ConfState Conf,
    NodeId TransferTo,
    IReadOnlyList<PeerStatus> Peers);

/// <summary>What a leader knows of a member.</summary>
/// <param name="Match">The last entry it is known to have durably.</param>
/// <param name="Next">The next to be sent.</param>
/// <param name="IsActive">Whether it was heard from since the quorum was last checked.</param>
/// <param name="PendingSnapshot">In state Snapshot, the index of the one being sent.</param>
public sealed record PeerStatus(
    NodeId Id,
    bool IsLearner,
    ProgressState State,
    ulong Match,
    ulong Next,
    bool IsActive,
    bool IsPaused,
    ulong PendingSnapshot,
    int InflightCount);
