namespace Kv.Storage.Log;

/// <summary>What a member must not forget besides its entries (raftpb.HardState).</summary>
public readonly record struct LogState(ulong Term, ulong Vote, ulong Commit);
