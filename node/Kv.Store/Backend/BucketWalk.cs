using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>Walks a bucket of the page file together with what is pending for it.</summary>
internal static class BucketWalk
{
    public static void Run(Bucket bucket, StoreView view, StoreBucket name, StoreVisitor visitor)
    {
        SortedDictionary<byte[], byte[]?> pending = Pending(view, name);
        using SortedDictionary<byte[], byte[]?>.Enumerator next = pending.GetEnumerator();
        bool hasNext = next.MoveNext();

        Cursor cursor = bucket.OpenCursor();
        for (bool isThere = cursor.SeekFirst(); isThere; isThere = cursor.Next())
        {
            while (hasNext && next.Current.Key.AsSpan().SequenceCompareTo(cursor.Key) < 0)
            {
                Visit(next.Current, visitor);
                hasNext = next.MoveNext();
            }

            if (hasNext && next.Current.Key.AsSpan().SequenceEqual(cursor.Key))
            {
                Visit(next.Current, visitor);
                hasNext = next.MoveNext();
            }
            else
            {
                visitor(cursor.Key, cursor.Value);
            }
        }

        for (; hasNext; hasNext = next.MoveNext())
            Visit(next.Current, visitor);
    }

    private static void Visit(KeyValuePair<byte[], byte[]?> pending, StoreVisitor visitor)
    {
        if (pending.Value is not null)
            visitor(pending.Key, pending.Value);
    }

    // Null for what is to be deleted.
    private static SortedDictionary<byte[], byte[]?> Pending(StoreView view, StoreBucket name)
    {
        var order = Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right));
        var pending = new SortedDictionary<byte[], byte[]?>(order);
        foreach (PendingBatch batch in view.Batches)
        {
            foreach (PendingOperation operation in batch.Operations)
            {
                if (operation.Bucket != name)
                    continue;
                byte[] key = batch.Arena.Span(operation.Key).ToArray();
                pending[key] = operation.IsDelete ? null : batch.Arena.Span(operation.Value).ToArray();
            }
        }

        return pending;
    }
}
