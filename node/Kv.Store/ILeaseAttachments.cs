namespace Kv.Store;

/// <summary>What the key space needs of leases, called on the apply lane (and while the store is opened). A key hangs
/// on one lease at most, and who keeps the leases remembers which.</summary>
public interface ILeaseAttachments
{
    bool Exists(long lease);

    /// <summary>The key hangs on this lease from now on, and no more on the one it may have had.</summary>
    void Attach(long lease, ReadOnlySpan<byte> key);

    /// <summary>The key was deleted, or put without a lease; most such keys never had one.</summary>
    void Detach(ReadOnlySpan<byte> key);
}
