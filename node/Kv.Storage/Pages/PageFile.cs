namespace Kv.Storage.Pages;

/// <summary>A file of ordered buckets in bbolt's format, as etcd keeps its store in: a B+tree whose pages are never
/// changed in place. One transaction writes at a time, new pages beside the old ones, and ends by writing one of two
/// meta pages; any number of readers go on seeing the tree that was current when they began. Reading goes straight to
/// the mapped file.
/// <para><see cref="BeginRead"/> and what comes from it may be used on any thread. All else belongs to one owner at a
/// time.</para></summary>
public sealed class PageFile : IDisposable
{
    private readonly IFile _file;
    private readonly PageFileOptions _options;
    private readonly PagePool _pool;
    private readonly WriteMemory _memory;
    private MappedView _view;
    private CommittedState _current;
    private WriteTransaction? _writing;
    private long _fileLength;
    private long _freeBytes;
    private bool _isClosed;
    private int _newestSlot;
    private int _openReadCount;

    private PageFile(IFile file, PageFileOptions options)
    {
        _file = file;
        _options = options;
        _fileLength = file.Length;
        (var meta, _newestSlot) = MetaPages.Read(file);
        _view = new MappedView(file.Map(Math.Max(options.ReservedBytes, _fileLength)));
        _current = new CommittedState(file.Path, meta, _view);
        _pool = new PagePool(_current);
        _memory = new WriteMemory(meta.PageSize);
    }

    /// <summary>The size of the tree with its free pages, as etcd reports it; the file may be longer.</summary>
    public long FileBytes => Volatile.Read(ref _current).Meta.Length;

    /// <summary>The same without the free pages.</summary>
    public long InUseBytes => FileBytes - Volatile.Read(ref _freeBytes);

    public int OpenReadCount => Volatile.Read(ref _openReadCount);

    internal PagePool Pool => _pool;

    internal CommittedState Current => _current;

    /// <summary>Opens the file, or makes it if it is missing or empty. Throws <see cref="PageFileLockedException"/> if
    /// another process holds it, and <see cref="CorruptDataException"/> if it can not be trusted.</summary>
    public static PageFile Open(IDisk disk, string path, PageFileOptions options)
    {
        if (!options.ReadOnly)
            MetaPages.CreateIfMissing(disk, path, options);

        var file = disk.Open(path, options.ReadOnly ? FileAccessMode.Read : FileAccessMode.ReadWrite);
        try
        {
            if (!options.ReadOnly && !file.TryLock())
                throw new PageFileLockedException(path);

            var opened = new PageFile(file, options);
            if (!options.ReadOnly)
                opened.FindFreePages();
            return opened;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A view of the file as the last commit left it, until disposed.</summary>
    public ReadTransaction BeginRead()
    {
        while (true)
        {
            var state = Volatile.Read(ref _current);
            if (state.TryPin())
            {
                Interlocked.Increment(ref _openReadCount);
                return new ReadTransaction(this, state);
            }

            ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed), this);
        }
    }

    /// <summary>The next transaction; there must be no other.</summary>
    public WriteTransaction BeginWrite()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        Invariant.Require(!_options.ReadOnly);
        Invariant.Require(_writing is null); // also after a failed commit: nothing may be built on what that left
        _pool.Reclaim();
        NoteFreeBytes();

        // The newest meta page must stay until the next is whole. In a file made by a snapshot they may lie the wrong
        // way round; then one id is left out.
        ulong id = _current.Id + 1;
        if ((int)(id % 2) == _newestSlot)
            id++;
        _writing = new WriteTransaction(this, _current, id, _memory);
        return _writing;
    }

    public void Dispose()
    {
        if (_isClosed)
            return;

        _writing?.Dispose();
        Volatile.Write(ref _isClosed, true);
        _pool.UnpinAll();
        _view.Release();
        _memory.Dispose();
        _file.Dispose();
    }

    internal void EndRead(CommittedState state)
    {
        Interlocked.Decrement(ref _openReadCount);
        state.Unpin();
    }

    internal int ReadRaw(long offset, Span<byte> destination) => _file.Read(offset, destination);

    internal void RollBack(WriteTransaction transaction)
    {
        Invariant.Require(_writing == transaction);
        foreach ((var start, int count) in transaction.Taken)
            _pool.Free.Add(start, count);
        _writing = null;
    }

    internal void Commit(WriteTransaction transaction, PageId root)
    {
        Invariant.Require(_writing == transaction);
        var freeList = SaveFreeList(transaction);
        var meta = new Meta(
            transaction.PageSize,
            root,
            transaction.Root.Sequence,
            freeList,
            transaction.HighWater,
            transaction.Id);

        if (transaction.Writer.PageCount > 0)
        {
            Grow(meta.Length);
            transaction.Writer.WriteTo(_file);
            _file.Sync();
        }

        byte[] page = new byte[meta.PageSize];
        meta.Write(page, meta.Slot);
        _file.Write((long)meta.Slot * meta.PageSize, page);
        _file.Sync();
        Publish(transaction, meta);
    }

    private void Publish(WriteTransaction transaction, Meta meta)
    {
        if (meta.Length > _view.ReservedBytes)
        {
            var larger = new MappedView(_file.Map(Math.Max(meta.Length, checked(_view.ReservedBytes * 2))));
            _view.Release();
            _view = larger;
        }

        var next = new CommittedState(_file.Path, meta, _view);
        _pool.Publish(next, transaction.Freed);
        _newestSlot = meta.Slot;
        _writing = null;
        Volatile.Write(ref _current, next);
        NoteFreeBytes();
    }

    private void Grow(long needed)
    {
        if (needed <= _fileLength)
            return;

        _fileLength = needed + _options.GrowBytes;
        _file.SetLength(_fileLength);
    }

    private void NoteFreeBytes() => Volatile.Write(ref _freeBytes, _pool.Free.Count * _current.Meta.PageSize);

    private void FindFreePages()
    {
        if (_current.Meta.FreeList == PageId.None)
            FreePagesScan.Run(_current, _pool.Free);
        else
            StoredFreeList.Load(_current, _pool.Free);
        NoteFreeBytes();
    }

    private PageId SaveFreeList(WriteTransaction transaction)
    {
        var old = _current.Meta.FreeList;
        if (old != PageId.None)
            transaction.Free(old, StoredFreeList.PageCount(_current));
        return _options.StoreFreeList ? StoredFreeList.Save(transaction, _pool) : PageId.None;
    }
}
