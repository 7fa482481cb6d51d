namespace Kv.Store;

/// <summary>The hash of the keys at a revision. Two of them can be compared if they also agree on
/// <paramref name="CompactRevision"/>, the compaction from which they were computed (-1 for none).</summary>
public readonly record struct KeyValueHash(uint Hash, long CompactRevision, long Revision);
