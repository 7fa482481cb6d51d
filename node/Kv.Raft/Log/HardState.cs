namespace Kv.Raft;

/// <summary>What a node must not forget, beside its log: the term it has seen, whom it voted for in that term, and, as
/// a help after a restart, how far the log was known to be committed.</summary>
public readonly record struct HardState(ulong Term, NodeId Vote, ulong Commit);
