namespace Kv.Store.Leases;

/// <summary>What became of a wish to keep a lease alive.</summary>
public enum LeaseRenewal
{
    /// <summary>It lives for its whole TTL from now.</summary>
    Renewed,

    /// <summary>There is none, or it has ended and only waits to be revoked.</summary>
    NotFound,

    /// <summary>This member does not lead: ask the leader.</summary>
    NotPrimary,

    /// <summary>A checkpoint says that less of it remains. A checkpoint of 0 must be applied first, or a new leader
    /// would go on from the old one; then ask again.</summary>
    MustClearCheckpoint,
}
