namespace Kv.Store.Leases;

/// <summary>How long a lease still lives, in whole seconds, and what it was granted for.</summary>
public readonly record struct LeaseLife(long RemainingTtl, long GrantedTtl);
