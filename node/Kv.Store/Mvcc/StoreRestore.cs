namespace Kv.Store;

/// <summary>Makes an index of the page file, in one walk over all rows in the order in which they were
/// written.</summary>
internal static class StoreRestore
{
    /// <summary>Attaches the keys to their leases, which must be loaded before, in passing.</summary>
    public static RestoredKeys Run(IBucketReader buckets, StoreView view, ILeaseAttachments leases)
    {
        long scheduled = ReadRevision(buckets, MetaKeys.ScheduledCompaction);
        long finished = ReadRevision(buckets, MetaKeys.FinishedCompaction);
        var index = new KeyIndex();
        long last = Fill(index, view, leases);
        return new RestoredKeys(
            index,
            Current: Math.Max(Math.Max(last, 1), Math.Max(scheduled, finished)),
            Compacted: Math.Max(scheduled, finished),
            scheduled > finished ? new CompactionJob(scheduled, finished, KeepsHash: false, Finished: null) : null);
    }

    private static long Fill(KeyIndex index, StoreView view, ILeaseAttachments leases)
    {
        long last = 0;
        bool hasAttached = false;
        var cursor = new RowCursor(view, from: default);
        while (cursor.MoveNext())
        {
            last = cursor.Revision.Main;
            if (!KeyValueView.TryRead(view.Read(cursor.Value), out KeyValueView row))
                throw view.Damage(cursor.Revision, cursor.IsDelete, "the value is no KeyValue");

            if (cursor.IsDelete)
                index.RestoreDelete(row.Key, cursor.Revision);
            else
                index.RestorePut(row.Key, new KeyState(cursor.Revision, row.Created, row.Version));

            // A lease that is gone took its keys with it in the same commit, so such a row is one of the past.
            if (row.Lease != 0 && leases.Exists(row.Lease))
            {
                leases.Attach(row.Lease, row.Key);
                hasAttached = true;
            }
            else if (hasAttached)
            {
                leases.Detach(row.Key);
            }
        }

        return last;
    }

    private static long ReadRevision(IBucketReader buckets, ReadOnlySpan<byte> key)
    {
        if (!buckets.TryGet(StoreBucket.Meta, key, out byte[] value))
            return -1;
        if (!Revision.TryDecode(value, out Revision revision, out _))
            throw buckets.Damage(StoreBucket.Meta, key, "the value is no revision");
        return revision.Main;
    }
}
