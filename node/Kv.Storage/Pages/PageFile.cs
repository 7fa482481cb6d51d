namespace Kv.Storage.Pages;

/// <summary>A file of ordered buckets in bbolt's format, as etcd keeps its store in: a B+tree whose pages are never
/// changed in place. One transaction writes at a time, new pages beside the old ones, and ends by writing one of two
/// meta pages; any number of readers go on seeing the tree that was current when they began. Reading goes straight to
/// the mapped file.
/// <para><see cref="BeginRead"/> and what comes from it may be used on any thread. All else belongs to one owner at a
/// time.</para></summary>
public sealed class PageFile : IDisposable
{
    // Less would hardly pay for the way from the root that each step writes too.
    private const int CompactedPagesMin = 64;

    private readonly MappedFile _file;
    private readonly PageFileOptions _options;
    private readonly PagePool _pool;
    private readonly WriteMemory _memory;
    private readonly Compactor _compactor;
    private CommittedState _current;
    private WriteTransaction? _writing;
    private int _newestSlot;
    private long _freeBytes;
    private int _openReadCount;
    private bool _isClosed;
    private bool _isRetired;
    private int _isFileClosed;

    private PageFile(IFile file, PageFileOptions options)
    {
        (var meta, _newestSlot) = MetaPages.Read(file);
        _options = options;
        _file = new MappedFile(file, options);
        _current = new CommittedState(file.Path, meta, _file.View);
        _pool = new PagePool(_current);
        _memory = new WriteMemory(meta.PageSize);
        _compactor = new Compactor(this);
    }

    public string Path => Volatile.Read(ref _current).Path;

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
        PageFile? opened = null;
        try
        {
            if (!options.ReadOnly && !file.TryLock())
                throw new PageFileLockedException(path);

            opened = new PageFile(file, options);
            if (!options.ReadOnly)
                opened.FindFreePages();
            return opened;
        }
        catch
        {
            opened?.Dispose();
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

            // Else it was superseded in between, twice; or for good.
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed), this);
        }
    }

    /// <summary>The next transaction; there must be no other.</summary>
    public WriteTransaction BeginWrite() => BeginWrite(isCompacting: false);

    /// <summary>Looks at all of the file, and says of each page what is wrong with it. No transaction may be writing.
    /// Reads everything, so it takes its time.</summary>
    public VerifyReport Verify()
    {
        Invariant.Require(_writing is null);
        using var read = BeginRead();
        return Verifier.Run(this, read.State, knowsFree: !_options.ReadOnly);
    }

    /// <summary>One small step towards a file without gaps: moves up to about <paramref name="pagesMax"/> pages from
    /// its end into free ones before them, as a transaction of its own, or shortens it. Readers and writers go on in
    /// between, and after a crash in the middle there is merely more left to do.</summary>
    public CompactionStep CompactSome(int pagesMax)
    {
        Invariant.Require(_writing is null);
        return _compactor.Step(Math.Max(pagesMax, CompactedPagesMin));
    }

    public void Dispose()
    {
        if (_isClosed)
            return;

        EndWriting();
        CloseFile();
    }

    /// <summary>Ends this file for the owner, who has another one by now: nothing is begun here any more, while what
    /// reads are open go on. The last of them closes the file.</summary>
    public void Retire()
    {
        if (_isClosed)
            return;

        EndWriting();
        Volatile.Write(ref _isRetired, true);

        // Either we see that the last read has ended, or it sees that it is to close the file.
        Interlocked.MemoryBarrier();
        if (OpenReadCount == 0)
            CloseFile();
    }

    /// <summary>A transaction that moves pages about, and gives up free ones at the end.</summary>
    internal WriteTransaction BeginCompaction() => BeginWrite(isCompacting: true);

    internal void EndRead(CommittedState state)
    {
        state.Unpin();
        if (Interlocked.Decrement(ref _openReadCount) == 0 && Volatile.Read(ref _isRetired))
            CloseFile();
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
            _file.Grow(meta.Length);
            _file.Write(transaction.Writer);
        }

        _file.Write(meta);
        _file.Cover(meta.Length);
        var next = new CommittedState(_file.Path, meta, _file.View);
        _pool.Publish(next, transaction.Freed);
        _newestSlot = meta.Slot;
        _writing = null;
        Volatile.Write(ref _current, next);
        NoteFreeBytes();
    }

    /// <summary>Cuts off what no state that is pinned can reach; the writer pins those of both meta pages.</summary>
    internal void ShrinkToFit()
    {
        long needed = 0;
        foreach (var state in _pool.States)
        {
            if (state.Pins > 0)
                needed = Math.Max(needed, state.Meta.Length);
        }

        if (needed < _file.Length)
            _file.Shrink(needed);
    }

    private WriteTransaction BeginWrite(bool isCompacting)
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
        _writing = new WriteTransaction(this, _current, id, _memory)
        {
            IsCompacting = isCompacting,
            Observer = isCompacting ? null : _options.Observer,
        };
        return _writing;
    }

    private void EndWriting()
    {
        _writing?.Dispose();
        Volatile.Write(ref _isClosed, true);
        _pool.UnpinAll();
        _memory.Dispose();
    }

    private void CloseFile()
    {
        if (Interlocked.Exchange(ref _isFileClosed, 1) == 0)
            _file.Dispose();
    }

    private void NoteFreeBytes() => Volatile.Write(ref _freeBytes, _pool.Free.Count * _current.Meta.PageSize);

    private void FindFreePages()
    {
        if (_current.Meta.FreeList == PageId.None)
            FreePagesScan.Run(_current, _pool.Free);
        else
            StoredFreeList.Load(_current, _pool.Free.Add);
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
