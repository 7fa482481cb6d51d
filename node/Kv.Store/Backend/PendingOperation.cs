namespace Kv.Store;

/// <summary>A change of another bucket than that of keys, not yet in the page file.</summary>
internal readonly record struct PendingOperation(
    StoreBucket Bucket, bool IsDelete, PendingBytes Key, PendingBytes Value);
