namespace Kv.Store;

/// <summary>A few rows that were read and are about to be asked for in the index, together: their keys have been
/// touched, so the gate is not held while a page comes from the disk.</summary>
internal sealed class RowGroup
{
    public const int RowsMax = 64;

    private readonly (Revision Revision, bool IsDelete, ValueSlice Value)[] _rows =
        new (Revision, bool, ValueSlice)[RowsMax];

    public ReadOnlySpan<(Revision Revision, bool IsDelete, ValueSlice Value)> Rows => _rows.AsSpan(0, Count);

    public int Count { get; private set; }

    /// <summary>Takes the rows that come next, up to the last of <paramref name="main"/>; false if there was
    /// none.</summary>
    public bool Fill(ref RowCursor cursor, StoreView view, long main)
    {
        Count = 0;
        while (Count < RowsMax && cursor.MoveNext() && cursor.Revision.Main <= main)
        {
            _ = KeyOf(view, cursor.Value, cursor.Revision);
            _rows[Count++] = (cursor.Revision, cursor.IsDelete, cursor.Value);
        }

        return Count > 0;
    }

    public static ReadOnlySpan<byte> KeyOf(StoreView view, ValueSlice row, Revision revision)
    {
        if (!KeyValueView.TryRead(view.Read(row), out KeyValueView keyValue))
            throw view.Damage(revision, isDelete: false, "the value is no KeyValue");
        return keyValue.Key;
    }
}
