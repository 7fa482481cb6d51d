using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>Walks all rows of a view in the order of revisions: those of the page file, then those of the batches. In
/// the last batch it sees what there was when it came to it.</summary>
internal struct RowCursor
{
    private readonly StoreView _view;
    private readonly Revision _from;
    private Cursor _pages;
    private int _batch = -1;
    private int _row;
    private int _rowCount;
    private bool _isStarted;

    public RowCursor(StoreView view, Revision from)
    {
        _view = view;
        _from = from;
        _pages = view.Pages.Keys.OpenCursor();
    }

    public Revision Revision { get; private set; }

    public bool IsDelete { get; private set; }

    /// <summary>The value of the row, good while the view is held.</summary>
    public ValueSlice Value { get; private set; }

    public bool MoveNext()
    {
        if (_batch < 0 && MoveInPages())
            return true;

        while (_batch < 0 || ++_row >= _rowCount)
        {
            if (_batch + 1 == _view.Batches.Length)
                return false;
            PendingBatch next = _view.Batches[++_batch];
            _rowCount = next.RowCount;
            _row = next.Seek(_from) - 1;
        }

        ref readonly PendingRow row = ref _view.Batches[_batch].Row(_row);
        Revision = row.Revision;
        IsDelete = row.IsDelete;
        Value = new ValueSlice(_batch, row.Value);
        return true;
    }

    private bool MoveInPages()
    {
        if (!(_isStarted ? _pages.Next() : Seek()))
            return false;

        if (!Revision.TryDecode(_pages.Key, out Revision revision, out bool isDelete))
            throw _view.Damage(_pages.Key, "the key is no revision");
        Revision = revision;
        IsDelete = isDelete;
        Value = new ValueSlice(_pages.Value);
        return true;
    }

    private bool Seek()
    {
        _isStarted = true;
        Span<byte> key = stackalloc byte[Revision.EncodedBytes];
        _from.Encode(key, isDelete: false);
        return _pages.Seek(key);
    }
}
