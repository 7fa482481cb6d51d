namespace Kv.Store;

/// <summary>Rows that a compaction found to be dead, on their way out of the page file. With
/// <paramref name="Finished"/>, the revision compacted at, they are the last of it. <paramref name="Committed"/> is
/// called on the commit lane once they are gone. They are of one file; if another has taken its place, it knows
/// itself what is dead in it.</summary>
internal sealed record PrunedRows(
    StoreFile File, IReadOnlyList<(Revision Revision, bool IsDelete)> Rows, long? Finished, Action Committed);
