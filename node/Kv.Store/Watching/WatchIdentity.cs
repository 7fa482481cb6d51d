namespace Kv.Store.Watching;

/// <summary>What the header of every response says besides the revision. The term is asked for when a response is
/// written, by the thread that writes it.</summary>
public sealed record WatchIdentity(ulong ClusterId, ulong MemberId, Func<ulong> RaftTerm);
