using Kv.Storage;
using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>The page file of a member and what has been applied but is not yet in it. The apply lane only appends to a
/// batch in memory; every 100 ms or 10,000 operations the batch is sealed and written by the commit lane as one
/// transaction, beside which the next one grows. The index of the last entry applied is part of the batch: after a
/// crash the file holds what that many entries made, no more and no less.
/// <para>Threads: writes, <see cref="SetConsistentIndex"/>, <see cref="Tick"/>, <see cref="ForceCommit"/> and
/// <see cref="TryGet"/> belong to the apply lane. Views for reading can be taken on any thread.</para>
/// <para>When the commit lane falls behind, the batch in memory grows to
/// <see cref="BackendOptions.PendingBytesMax"/>, then the apply lane waits for it.</para>
/// <para>A snapshot from the leader puts another page file in the place of this one (<see cref="Adopt"/>). Whoever has
/// a view goes on reading the old file, which stays until the last of them is done.</para></summary>
public sealed class Backend : IBucketReader, IDisposable
{
    // One being written and one waiting for it: what comes then is better kept together.
    private const int SealedMax = 2;

    private readonly BackendOptions _options;
    private readonly Action _commit;
    private readonly List<PrunedRows> _pruned = []; // guarded by _gate
    private readonly object _gate = new(); // of changes of _view; a monitor, as the apply lane may have to wait on it
    private PendingBatch _active;
    private StoreView _view;
    private TimeSpan _lastSeal;
    private bool _isCommitWanted;
    private bool _isDisposed;

    private Backend(OpenedStore opened, BackendOptions options)
    {
        _options = options;
        _commit = CommitSealed;
        _active = opened.Active;
        _view = opened.View;
    }

    /// <summary>Of the page file.</summary>
    public string Path => File.Pages.Path;

    /// <summary>The size of the page file as etcd reports it. Any thread.</summary>
    public long FileBytes => File.Pages.FileBytes;

    /// <summary>The same without its free pages. Any thread.</summary>
    public long InUseBytes => File.Pages.InUseBytes;

    /// <summary>Read transactions that are open. Any thread.</summary>
    public int OpenReadCount => File.Pages.OpenReadCount;

    /// <summary>The last entry that is applied; all of it, and nothing of the next, is in memory or in the
    /// file.</summary>
    public ulong ConsistentIndex => _active.ConsistentIndex;

    /// <summary>The term of that entry.</summary>
    public ulong Term => _active.Term;

    /// <summary>Opens the page file, or makes it, with all its buckets.</summary>
    /// <exception cref="CorruptDataException">It is damaged.</exception>
    public static Backend Open(IDisk disk, string path, BackendOptions options) =>
        new(OpenedStore.Open(disk, path, options.Pages), options);

    public void Put(StoreBucket bucket, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Invariant.Require(bucket != StoreBucket.Key);
        _active.AddOperation(bucket, isDelete: false, key, value);
    }

    public void Delete(StoreBucket bucket, ReadOnlySpan<byte> key)
    {
        Invariant.Require(bucket != StoreBucket.Key);
        _active.AddOperation(bucket, isDelete: true, key, []);
    }

    /// <summary>Looks up a key of another bucket than that of keys, as it was last put.</summary>
    public bool TryGet(StoreBucket bucket, ReadOnlySpan<byte> key, out byte[] value)
    {
        StoreView view = Hold();
        try
        {
            for (int index = view.Batches.Length - 1; index >= 0; index--)
            {
                PendingBatch batch = view.Batches[index];
                if (!batch.TryFind(bucket, key, out PendingOperation last))
                    continue;
                value = batch.Arena.Span(last.Value).ToArray();
                return !last.IsDelete;
            }

            bool isThere = BucketOf(view.Pages.Read, bucket).TryGet(key, out ReadOnlySpan<byte> found);
            value = found.ToArray();
            return isThere;
        }
        finally
        {
            Release(view);
        }
    }

    /// <summary>Visits all pairs of a bucket, as they were last put, in the order of keys. Collects what is not yet in
    /// the file; meant for opening, and for buckets of few pairs.</summary>
    public void ForEach(StoreBucket bucket, StoreVisitor visitor)
    {
        StoreView view = Hold();
        try
        {
            BucketWalk.Run(BucketOf(view.Pages.Read, bucket), view, bucket, visitor);
        }
        finally
        {
            Release(view);
        }
    }

    /// <summary>Ends an entry: all that was written since the last call is its effect, and will be committed with this
    /// index, whatever happens. Commits begin between entries only.</summary>
    public void SetConsistentIndex(ulong index, ulong term)
    {
        Invariant.Require(index >= _active.ConsistentIndex);
        _active.ConsistentIndex = index;
        _active.Term = term;
        if (_isCommitWanted)
            Seal();
        if (_active.OperationCount < _options.BatchOperationsMax && _active.Bytes < _options.BatchBytesMax)
            return;

        if (_view.Batches.Length <= SealedMax)
            Seal();
        else if (_active.Bytes >= _options.PendingBytesMax)
            WaitForRoom();
    }

    /// <summary>Seals the batch if it has waited long enough. To be called between entries, a few times in each
    /// interval; <paramref name="now"/> counts from any moment.</summary>
    public void Tick(TimeSpan now)
    {
        bool isDue = _isCommitWanted || now - _lastSeal >= _options.BatchInterval;
        if (!isDue || _view.Batches.Length > SealedMax || !HasWork())
            return;

        _lastSeal = now;
        Seal();
    }

    /// <summary>Commits what is applied, with the entry under way, as soon as that has ended, and calls
    /// <paramref name="committed"/> on the commit lane.</summary>
    public void CommitAfterEntry(Action committed)
    {
        _active.Committed.Add(committed);
        _isCommitWanted = true;
    }

    /// <summary>Commits all that is applied up to now; <paramref name="committed"/> is called on the commit lane once
    /// that is durable. To be called between entries.</summary>
    public void ForceCommit(Action? committed = null)
    {
        if (committed is not null)
            _active.Committed.Add(committed);
        Seal();
    }

    /// <summary>A read transaction of what is committed, for a snapshot of the file. Any thread.</summary>
    public ReadTransaction BeginRead()
    {
        lock (_gate)
            return _view.Pages.File.Pages.BeginRead();
    }

    /// <summary>The file as what is committed left it, to be sent to another member; to be disposed. Any
    /// thread.</summary>
    /// <exception cref="CorruptDataException">A row that says of which moment it is, or of which members, is
    /// damaged.</exception>
    public StoreSnapshot BeginSnapshot()
    {
        ReadTransaction read = BeginRead();
        try
        {
            return new StoreSnapshot(read);
        }
        catch
        {
            read.Dispose();
            throw;
        }
    }

    /// <summary>Does one step of making the page file shorter on the commit lane, where <paramref name="done"/> is
    /// called.</summary>
    public void ShrinkFile(int pagesMax, Action<CompactionStep> done) => _options.CommitLane.Post(() =>
    {
        StoreFile file = File;
        CompactionStep step = file.Pages.CompactSome(pagesMax);
        Replace(file, committed: 0); // or our own view would keep the pages that were given up
        done(step);
    });

    /// <summary>Looks at every page of the file on the commit lane, where <paramref name="done"/> is called.</summary>
    public void VerifyFile(Action<VerifyReport> done) => _options.CommitLane.Post(() => done(File.Pages.Verify()));

    /// <summary>Ends without committing what is pending. Nobody may read any more.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;

        _isDisposed = true;
        PageFile pages = File.Pages;
        _view.Pages.LetGo();
        pages.Dispose();
    }

    /// <summary>The page file in use. Any thread.</summary>
    internal StoreFile File => Volatile.Read(ref _view).Pages.File;

    /// <summary>Opens another page file, beside the one in use.</summary>
    internal OpenedStore OpenOther(IDisk disk, string path) => OpenedStore.Open(disk, path, _options.Pages);

    /// <summary>Puts another store in the place of this one; what was applied here and is not yet in the page file is
    /// given up with it. Returns the view of the old one, which is to go to <see cref="GiveUp"/>. To be called between
    /// entries, and when nobody can look into the index: that is of the old store.</summary>
    internal StoreView Adopt(OpenedStore next)
    {
        StoreView old;
        lock (_gate)
        {
            old = _view;
            Volatile.Write(ref _view, next.View);
            _pruned.Clear();
        }

        _active = next.Active;
        _isCommitWanted = false;
        return old;
    }

    /// <summary>Ends the file of a store that another has replaced, after what the commit lane may be doing with it.
    /// Those who wait for something of it to be committed are told: the other has all of it.</summary>
    internal void GiveUp(StoreView old) => _options.CommitLane.Post(() =>
    {
        foreach (PendingBatch batch in old.Batches)
            batch.TellCommitted();
        PageFile pages = old.Pages.File.Pages;
        Release(old);
        pages.Retire();
    });

    /// <summary>The newest view, to be released. It has every row up to any revision that the caller knows to be
    /// applied.</summary>
    internal StoreView Hold()
    {
        while (true)
        {
            StoreView view = Volatile.Read(ref _view);
            if (view.Pages.TryHold())
                return view;
        }
    }

    internal static void Release(StoreView view) => view.Pages.LetGo();

    /// <summary>Room for the value of the next row; the apply lane's.</summary>
    internal PendingArena Arena => _active.Arena;

    internal void AddRow(Revision revision, bool isDelete, PendingBytes value) =>
        _active.AddRow(revision, isDelete, value);

    /// <summary>Deletes dead rows with the next commit; the last of a compaction, for which somebody may wait, at once.
    /// Any thread.</summary>
    internal void Prune(PrunedRows rows)
    {
        lock (_gate)
        {
            if (rows.File != _view.Pages.File)
                return;
            _pruned.Add(rows);
        }

        if (rows.Finished is not null)
            _options.CommitLane.Post(_commit);
    }

    private static Bucket BucketOf(ReadTransaction read, StoreBucket bucket)
    {
        bool isThere = read.TryOpenBucket(StoreBuckets.Name(bucket), out Bucket opened);
        Invariant.Require(isThere);
        return opened;
    }

    // What only moves the index is not worth a commit: after a crash those entries are applied again, to no effect.
    private bool HasWork()
    {
        if (_active.OperationCount > 0 || _isCommitWanted)
            return true;
        lock (_gate)
            return _pruned.Count > 0;
    }

    private void Seal()
    {
        var next = new PendingBatch { ConsistentIndex = _active.ConsistentIndex, Term = _active.Term };
        lock (_gate)
        {
            StoreView old = _view;
            bool isHeld = old.Pages.TryHold();
            Invariant.Require(isHeld);
            Volatile.Write(ref _view, new StoreView(old.Pages, [.. old.Batches, next]));
            Release(old);
        }

        _active = next;
        _isCommitWanted = false;
        _options.CommitLane.Post(_commit);
    }

    private void WaitForRoom()
    {
        lock (_gate)
        {
            while (_view.Batches.Length > SealedMax)
                Monitor.Wait(_gate);
        }

        Seal();
    }

    /// <summary>Writes all that is sealed as one transaction. The commit lane's.</summary>
    private void CommitSealed()
    {
        StoreView view;
        PrunedRows[] pruned;
        lock (_gate)
        {
            // Both of the same file, whichever that is.
            view = Hold();
            pruned = [.. _pruned];
            _pruned.Clear();
        }

        try
        {
            CommitSealed(view, pruned);
        }
        finally
        {
            Release(view);
        }
    }

    private void CommitSealed(StoreView view, PrunedRows[] pruned)
    {
        ReadOnlySpan<PendingBatch> batches = view.Batches[..^1];
        if (batches.Length == 0 && pruned.Length == 0)
            return; // an earlier turn took it along

        StoreFile file = view.Pages.File;
        if (HasChanges(file, batches, pruned))
        {
            using var write = file.Pages.BeginWrite();
            BatchWriter.Write(write, batches, pruned);
            write.Commit();
            file.CommittedIndex = batches.Length > 0 ? batches[^1].ConsistentIndex : file.CommittedIndex;
        }

        Replace(file, batches.Length);
        foreach (PendingBatch batch in batches)
            batch.TellCommitted();
        foreach (PrunedRows rows in pruned)
            rows.Committed();
    }

    private static bool HasChanges(StoreFile file, ReadOnlySpan<PendingBatch> batches, PrunedRows[] pruned)
    {
        if (pruned.Length > 0 || batches[^1].ConsistentIndex != file.CommittedIndex)
            return true;
        foreach (PendingBatch batch in batches)
        {
            if (batch.OperationCount > 0)
                return true;
        }

        return false;
    }

    // Shows the newest commit, without the batches that are in it; unless the file is in use no more.
    private void Replace(StoreFile file, int committed)
    {
        var pages = new PinnedPages(file);
        lock (_gate)
        {
            StoreView old = _view;
            if (old.Pages.File != file)
            {
                pages.LetGo();
                return;
            }

            Volatile.Write(ref _view, new StoreView(pages, old.Batches[committed..].ToArray()));
            Release(old);
            Monitor.PulseAll(_gate);
        }
    }
}
