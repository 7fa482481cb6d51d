namespace Kv.Store;

/// <summary>One put, by itself or within a transaction, once nothing speaks against it.</summary>
internal static class PutStep
{
    /// <summary>Whether something of what the key has now goes into what it will have, or into the answer.</summary>
    public static bool NeedsPrevious(in PutRequestView put) => put.WantsPrevious || put.KeepsValue || put.KeepsLease;

    /// <summary>Puts, and returns the encoded KeyValue that the key had if that is wanted and it had one; good while
    /// the view is held, which may be missing if <see cref="NeedsPrevious"/> says so.</summary>
    public static ReadOnlySpan<byte> Run(KeySpace space, StoreView? view, StoreWriter writer, in PutRequestView put)
    {
        if (view is null || !NeedsPrevious(put))
        {
            writer.Put(put.Key, put.Value, put.Lease);
            return default;
        }

        writer.CountRange();
        ReadOnlySpan<byte> previous = Previous(space, view, writer.Revision, put.Key);
        KeyValueView.TryRead(previous, out KeyValueView row);
        writer.Put(put.Key, put.KeepsValue ? row.Value : put.Value, put.KeepsLease ? row.Lease : put.Lease);
        return put.WantsPrevious ? previous : default;
    }

    private static ReadOnlySpan<byte> Previous(KeySpace space, StoreView view, long revision, ReadOnlySpan<byte> key)
    {
        KeyState state;
        lock (space.Gate)
        {
            if (!space.Index.TryGet(key, revision, out state))
                return default;
        }

        return view.Read(view.Find(state.Modified));
    }
}
