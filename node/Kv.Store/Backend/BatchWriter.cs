using System.Buffers.Binary;
using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>Writes sealed batches into a transaction of the page file: their rows and operations, the index of the last
/// entry they hold, and away with what a compaction left to delete.</summary>
internal static class BatchWriter
{
    // As revisions only ever grow, pages that are left behind stay as full as they are made.
    private const double KeyFillPercent = 0.9;

    public static void Write(
        WriteTransaction write, ReadOnlySpan<PendingBatch> batches, ReadOnlySpan<PrunedRows> pruned)
    {
        WriteBucket keys = write.CreateBucketIfMissing(StoreBuckets.Name(StoreBucket.Key));
        WriteBucket meta = write.CreateBucketIfMissing(StoreBuckets.Name(StoreBucket.Meta));
        keys.FillPercent = KeyFillPercent;
        foreach (PrunedRows rows in pruned)
            Prune(keys, meta, rows);

        foreach (PendingBatch batch in batches)
        {
            WriteRows(keys, batch);
            WriteOperations(write, batch);
        }

        if (batches.Length > 0 && batches[^1].ConsistentIndex > 0)
        {
            PutNumber(meta, MetaKeys.ConsistentIndex, batches[^1].ConsistentIndex);
            PutNumber(meta, MetaKeys.Term, batches[^1].Term);
        }
    }

    private static void WriteRows(WriteBucket keys, PendingBatch batch)
    {
        Span<byte> key = stackalloc byte[Revision.DeletionBytes];
        for (int index = 0; index < batch.RowCount; index++)
        {
            ref readonly PendingRow row = ref batch.Row(index);
            int length = row.Revision.Encode(key, row.IsDelete);
            keys.Put(key[..length], batch.Arena.Span(row.Value));
        }
    }

    private static void WriteOperations(WriteTransaction write, PendingBatch batch)
    {
        foreach (PendingOperation operation in batch.Operations)
        {
            WriteBucket bucket = write.CreateBucketIfMissing(StoreBuckets.Name(operation.Bucket));
            ReadOnlySpan<byte> key = batch.Arena.Span(operation.Key);
            if (operation.IsDelete)
                bucket.Delete(key);
            else
                bucket.Put(key, batch.Arena.Span(operation.Value));
        }
    }

    private static void Prune(WriteBucket keys, WriteBucket meta, PrunedRows rows)
    {
        Span<byte> key = stackalloc byte[Revision.DeletionBytes];
        foreach ((Revision revision, bool isDelete) in rows.Rows)
        {
            int length = revision.Encode(key, isDelete);
            keys.Delete(key[..length]);
        }

        if (rows.Finished is not { } finished)
            return;
        int encoded = new Revision(finished, 0).Encode(key, isDelete: false);
        meta.Put(MetaKeys.FinishedCompaction, key[..encoded]);
    }

    private static void PutNumber(WriteBucket meta, ReadOnlySpan<byte> key, ulong number)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(value, number);
        meta.Put(key, value);
    }
}
