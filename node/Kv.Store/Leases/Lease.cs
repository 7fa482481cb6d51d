namespace Kv.Store.Leases;

/// <summary>One lease. What is replicated (its TTL, what remained of it at the last checkpoint, its keys) is changed by
/// <see cref="LeaseBook"/> on the apply lane; when it ends is known to the leader alone and belongs to
/// <see cref="LeaseClock"/>.</summary>
internal sealed class Lease(long id, long ttl, long remainingTtl)
{
    private long _remainingTtl = remainingTtl;
    private bool _isRevoked;

    // Ticks of the leader's clock; a plain field, since it is exchanged by request threads and the clock's lane.
    private long _expiry = LeaseClock.Never;

    public long Id { get; } = id;

    /// <summary>In seconds, as granted.</summary>
    public long Ttl { get; } = ttl;

    /// <summary>Seconds that remained at the last checkpoint, for a new leader to go on from; 0 if there was none since
    /// it was last kept alive.</summary>
    public long RemainingTtl
    {
        get => Volatile.Read(ref _remainingTtl);
        set => Volatile.Write(ref _remainingTtl, value);
    }

    public bool IsRevoked
    {
        get => Volatile.Read(ref _isRevoked);
        set => Volatile.Write(ref _isRevoked, value);
    }

    public long Expiry => Volatile.Read(ref _expiry);

    /// <summary>Guarded by the book.</summary>
    public LeaseKeys Keys { get; } = new();

    /// <summary>In which term of leadership of this member the clock came to know it. The clock's lane only.</summary>
    public int Reign { get; set; }

    /// <summary>Sets when it ends, unless that was changed from <paramref name="found"/> meanwhile.</summary>
    public bool TrySetExpiry(long expiry, long found) =>
        Interlocked.CompareExchange(ref _expiry, expiry, found) == found;

    public void SetExpiry(long expiry) => Interlocked.Exchange(ref _expiry, expiry);
}
