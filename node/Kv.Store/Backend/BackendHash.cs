using Kv.Storage;
using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>The checksum over all buckets, with the name of each: what <c>Maintenance.Hash</c> answers. Keys that
/// differ from member to member by their nature are left out.</summary>
public static class BackendHash
{
    public static uint Compute(ReadTransaction read)
    {
        uint hash = 0;
        Cursor buckets = read.Root.OpenCursor();
        for (bool isThere = buckets.SeekFirst(); isThere; isThere = buckets.Next())
        {
            hash = Crc32C.Append(hash, buckets.Key);
            bool isMeta = buckets.Key.SequenceEqual(StoreBuckets.Name(StoreBucket.Meta));
            Cursor pairs = buckets.OpenBucket().OpenCursor();
            for (bool isPair = pairs.SeekFirst(); isPair; isPair = pairs.Next())
            {
                if (isMeta && IsMembersOwn(pairs.Key))
                    continue;
                hash = Crc32C.Append(hash, pairs.Key);
                hash = Crc32C.Append(hash, pairs.Value);
            }
        }

        return hash;
    }

    private static bool IsMembersOwn(ReadOnlySpan<byte> key) =>
        key.SequenceEqual(MetaKeys.ConsistentIndex) ||
        key.SequenceEqual(MetaKeys.Term) ||
        key.SequenceEqual(MetaKeys.StorageVersion);
}
