namespace Kv.Store;

/// <summary>A compaction that has been decided and is durable as such. <paramref name="Previous"/> is the one before
/// it; its hash is only worth keeping if that one was finished.</summary>
internal sealed record CompactionJob(long Revision, long Previous, bool KeepsHash, Action? Finished);
