namespace Kv.Store;

/// <summary>The pairs of the buckets at one moment, wherever they stand: in the store that is in use, in one that is
/// to take its place, or in a snapshot for another member.</summary>
internal interface IBucketReader
{
    /// <summary>Of the page file.</summary>
    string Path { get; }

    bool TryGet(StoreBucket bucket, ReadOnlySpan<byte> key, out byte[] value);

    /// <summary>Visits all pairs of a bucket in the order of keys.</summary>
    void ForEach(StoreBucket bucket, StoreVisitor visitor);
}
