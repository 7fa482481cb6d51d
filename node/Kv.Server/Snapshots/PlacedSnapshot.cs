namespace Kv.Server.Snapshots;

/// <summary>What is found at a place.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="OwnerUid">Null, as what follows, if it has no label: it was not put there by
/// <see cref="ISnapshotPlace.WriteAsync"/>.</param>
/// <param name="Sha256">Of the whole content, in lower-case hexadecimal, as it was when it was written.</param>
internal sealed record PlacedSnapshot(long Size, string? OwnerUid, string? Sha256, long? Revision)
{
    public static PlacedSnapshot Of(long size, SnapshotLabel? label) =>
        new(size, label?.OwnerUid, label?.Sha256, label?.Revision);
}
