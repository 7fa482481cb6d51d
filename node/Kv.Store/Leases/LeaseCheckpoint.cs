namespace Kv.Store.Leases;

/// <summary>What remains of a lease, in seconds, to be proposed as a checkpoint.</summary>
public readonly record struct LeaseCheckpoint(long Id, long RemainingTtl);
