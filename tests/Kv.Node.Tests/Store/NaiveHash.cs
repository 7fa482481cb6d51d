using Google.Protobuf;
using Kv.Storage;
using Kv.Store;
using Mvccpb;

namespace Kv.Node.Tests.Store;

/// <summary>The hash of keys as etcd computes it, from a list of everything: with sets of revisions to keep, as etcd
/// has them.</summary>
internal static class NaiveHash
{
    public static KeyValueHash At(NaiveStore store, long compacted, long revision) =>
        Over(store, compacted, revision, keep: VisibleAt(store, revision));

    /// <summary>As a compaction finds it in passing, before it deletes anything.</summary>
    public static KeyValueHash InPassing(NaiveStore store, long previous, long compacting) =>
        Over(store, previous, compacting, keep: KeptBy(store, compacting));

    private static KeyValueHash Over(
        NaiveStore store, long compacted, long revision, HashSet<NaiveStore.Row> keep)
    {
        HashSet<NaiveStore.Row> there = KeptBy(store, compacted);
        uint hash = Crc32C.Compute("key"u8);
        Span<byte> key = stackalloc byte[Revision.DeletionBytes];
        foreach (NaiveStore.Row row in store.Rows)
        {
            bool isOld = row.Main <= compacted;
            if (row.Main > revision || (isOld && !there.Contains(row)))
                continue;
            if (isOld && keep.Count > 0 && !keep.Contains(row))
                continue;
            if (row.Main == compacted && row.KeyValue is null)
                continue;

            int length = new Revision(row.Main, row.Sub).Encode(key, isDelete: row.KeyValue is null);
            hash = Crc32C.Append(hash, key[..length]);
            hash = Crc32C.Append(hash, (row.KeyValue ?? new KeyValue { Key = row.Key }).ToByteArray());
        }

        return new KeyValueHash(hash, compacted, revision);
    }

    private static HashSet<NaiveStore.Row> VisibleAt(NaiveStore store, long revision) =>
        [.. LastUpTo(store, revision).Where(row => row.KeyValue is not null)];

    private static HashSet<NaiveStore.Row> KeptBy(NaiveStore store, long compaction) =>
        [.. LastUpTo(store, compaction).Where(row => row.KeyValue is not null || row.Main == compaction)];

    private static IEnumerable<NaiveStore.Row> LastUpTo(NaiveStore store, long revision) =>
        store.Rows.Where(row => row.Main <= revision).GroupBy(row => row.Key).Select(rows => rows.Last());
}
