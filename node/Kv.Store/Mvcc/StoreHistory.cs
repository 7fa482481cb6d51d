namespace Kv.Store;

/// <summary>Reads what happened, for watchers that are behind.</summary>
internal static class StoreHistory
{
    /// <summary>Gives the sink the changes from a revision on that it wants: whole revisions, at least one, at most
    /// <paramref name="revisionsMax"/>, and no further one once <paramref name="bytesMax"/> have been given. Returns
    /// the revision to go on from.</summary>
    public static long Read(
        StoreView view, long from, long current, int revisionsMax, int bytesMax, IHistorySink sink)
    {
        int revisions = 0;
        long bytes = 0;
        long last = from - 1;
        var cursor = new RowCursor(view, new Revision(from, 0));
        while (cursor.MoveNext() && cursor.Revision.Main <= current)
        {
            if (cursor.Revision.Main != last)
            {
                if (revisions == revisionsMax || (revisions > 0 && bytes >= bytesMax))
                    return cursor.Revision.Main;
                revisions++;
                last = cursor.Revision.Main;
            }

            ReadOnlySpan<byte> key = RowGroup.KeyOf(view, cursor.Value, cursor.Revision);
            if (!sink.Wants(key))
                continue;
            Change change = Make(view, cursor, key.Length);
            bytes += change.KeyValue.Length;
            sink.Add(change);
        }

        return Math.Max(current, from) + 1;
    }

    private static Change Make(StoreView view, in RowCursor row, int keyLength)
    {
        ReadOnlyMemory<byte> keyValue = row.IsDelete ? Deletion(view, row) : view.Keep(row.Value);
        ReadOnlyMemory<byte> key = keyValue.Slice(KeyValueCodec.KeyOffset(keyLength), keyLength);
        return new Change(row.Revision, row.IsDelete, key, keyValue);
    }

    private static byte[] Deletion(StoreView view, in RowCursor row)
    {
        ReadOnlySpan<byte> key = RowGroup.KeyOf(view, row.Value, row.Revision);
        byte[] deletion = new byte[KeyValueCodec.SizeOfDeletion(key.Length, row.Revision.Main)];
        KeyValueCodec.WriteDeletion(deletion, key, row.Revision.Main);
        return deletion;
    }
}
