namespace Kv.Store;

/// <summary>Rows that a compaction found to be dead, on their way out of the page file. With
/// <paramref name="Finished"/>, the revision compacted at, they are the last of it. <paramref name="Committed"/> is
/// called on the commit lane once they are gone.</summary>
internal sealed record PrunedRows(
    IReadOnlyList<(Revision Revision, bool IsDelete)> Rows, long? Finished, Action Committed);
