namespace Kv.Server.Snapshots;

/// <summary>Something stands at a place that its would-be owner did not put there.</summary>
internal sealed class ForeignSnapshotException(string location, string? ownerUid) : IOException(
    $"{location} is there already and " +
    (ownerUid is null ? "has no label of an owner" : $"belongs to {ownerUid}") +
    ": it is neither overwritten nor deleted. Choose another place, or remove it by hand.")
{
    /// <summary>Passes if nothing is there, or the owner's own.</summary>
    public static void ThrowIfForeign(string location, PlacedSnapshot? found, string ownerUid)
    {
        if (found is not null && found.OwnerUid != ownerUid)
            throw new ForeignSnapshotException(location, found.OwnerUid);
    }
}
