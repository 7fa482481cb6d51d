namespace Kv.Interop.Tests.Files;

/// <summary>What tools tell of a snapshot file; the total of keys is counted differently from 3.6 on.</summary>
public sealed record SnapshotStatus(uint Hash, long Revision, long TotalKey, long TotalSize);
