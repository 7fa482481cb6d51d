namespace Kv.Server.Snapshots;

/// <summary>What is kept beside a snapshot.</summary>
/// <param name="OwnerUid">Of the object of Kubernetes that it was taken for.</param>
/// <param name="Sha256">Of the whole content, in lower-case hexadecimal.</param>
/// <param name="Revision">Of the last change in it.</param>
/// <param name="Size">Bytes.</param>
internal sealed record SnapshotLabel(string OwnerUid, string Sha256, long Revision, long Size);
