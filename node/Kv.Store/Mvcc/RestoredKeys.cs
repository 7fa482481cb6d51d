namespace Kv.Store;

/// <summary>What the rows of a page file say.</summary>
/// <param name="Unfinished">The compaction that was decided and not finished.</param>
internal sealed record RestoredKeys(KeyIndex Index, long Current, long Compacted, CompactionJob? Unfinished);
