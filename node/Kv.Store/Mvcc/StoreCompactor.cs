using Kv.Storage;

namespace Kv.Store;

/// <summary>Carries out compactions, one after the other, in short steps on a lane of its own: first it waits for reads
/// that may need what is to go, then the index forgets, then the rows that the index does not know any more are deleted
/// from the page file, a batch per commit. The hash that members compare is computed in the same walk over the
/// rows.
/// <para>It belongs to the store it was made for: when a snapshot replaces that, it stops at its next step, and another
/// takes up what the new one has left to do.</para></summary>
internal sealed class StoreCompactor(KeySpace space, ILane lane, CompactionOptions options)
{
    private const int IndexStepSlots = 256;
    private const int PrunedPerCommit = 10_000;

    private readonly KeyIndex _index = space.Index;
    private readonly ReadEpochs _epochs = space.Epochs;
    private readonly StoreFile _file = space.Backend.File;
    private readonly Queue<CompactionJob> _waiting = new();
    private readonly RowGroup _group = new();
    private List<(Revision Revision, bool IsDelete)> _dead = [];
    private CompactionJob? _current;
    private byte[] _nextKey = [];
    private Revision _nextRow;
    private RowHash _hash;
    private bool _isAnyKept;
    private long _deleted;
    private int _unfinished;

    public CompactionHashes Hashes { get; } = new();

    /// <summary>Whether all that was decided is done. Any thread.</summary>
    public bool IsIdle => Volatile.Read(ref _unfinished) == 0;

    /// <summary>Counts a compaction that has been decided; it is to be begun once that is durable.</summary>
    public void Announce() => Interlocked.Increment(ref _unfinished);

    /// <summary>Begins an announced compaction. Any thread.</summary>
    public void Begin(CompactionJob job) => lane.Post(() =>
    {
        _waiting.Enqueue(job);
        if (_current is null)
            StartNext();
    });

    private void StartNext()
    {
        if (!_waiting.TryDequeue(out _current))
            return;

        _nextKey = [];
        _nextRow = default;
        _hash = new RowHash();
        _isAnyKept = false;
        _deleted = 0;
        options.Observer?.OnStarting(_current.Revision);
        bool isDrained;
        lock (space.Gate)
            isDrained = _epochs.Drain(() => lane.Post(IndexStep));
        if (isDrained)
            IndexStep();
    }

    private void IndexStep()
    {
        var scan = new IndexScan(new KeyRange(_nextKey, KeyRange.All.End));
        int budget = IndexStepSlots;
        lock (space.Gate)
            _isAnyKept |= _index.Compact(ref scan, _current!.Revision, ref budget);

        bool isDone = scan.IsDone;
        _nextKey = isDone ? [] : scan.Next.ToArray();
        scan.Dispose();
        if (isDone)
            options.Observer?.OnIndexCompacted();
        lane.Post(isDone ? RowStep : IndexStep);
    }

    private void RowStep()
    {
        CompactionJob job = _current!;
        options.Observer?.OnStepping();
        StoreView view = space.Backend.Hold();
        if (view.Pages.File != _file)
        {
            Backend.Release(view);
            return;
        }

        var cursor = new RowCursor(view, _nextRow);
        bool isMore = true;
        for (long rows = 0;
            rows < options.StepRows && isMore && _dead.Count < PrunedPerCommit;
            rows += RowGroup.RowsMax)
        {
            isMore = _group.Fill(ref cursor, view, job.Revision);
            if (isMore)
                Sort(view, job);
        }

        Backend.Release(view);
        options.Observer?.OnStepped();
        if (!isMore)
            Prune(job.Revision, Finish);
        else if (_dead.Count >= PrunedPerCommit)
            Prune(finished: null, RowStep);
        else
            lane.Post(RowStep);
    }

    // Sorts the rows of a group into those that stay and those that go; hashes as StoreHash would have before this
    // compaction, with the one before it as the last.
    private void Sort(StoreView view, CompactionJob job)
    {
        Span<bool> isKept = stackalloc bool[RowGroup.RowsMax];
        lock (space.Gate)
        {
            for (int index = 0; index < _group.Count; index++)
            {
                (Revision revision, _, ValueSlice row) = _group.Rows[index];
                isKept[index] = _index.Contains(RowGroup.KeyOf(view, row, revision), revision);
            }
        }

        for (int index = 0; index < _group.Count; index++)
        {
            (Revision revision, bool isDelete, ValueSlice row) = _group.Rows[index];
            bool isOld = revision.Main <= job.Previous;
            bool isPassed = isOld && ((_isAnyKept && !isKept[index]) || (isDelete && revision.Main == job.Previous));
            if (job.KeepsHash && !isPassed)
                _hash.Add(revision, isDelete, view.Read(row));
            if (!isKept[index])
                _dead.Add((revision, isDelete));
        }

        Revision last = _group.Rows[_group.Count - 1].Revision;
        _nextRow = last with { Sub = last.Sub + 1 };
    }

    private void Prune(long? finished, Action next)
    {
        List<(Revision Revision, bool IsDelete)> dead = _dead;
        _dead = [];
        _deleted += dead.Count;
        space.Backend.Prune(new PrunedRows(_file, dead, finished, () => lane.Post(next)));
    }

    private void Finish()
    {
        CompactionJob job = _current!;
        _current = null;
        if (job.KeepsHash)
            Hashes.Add(new KeyValueHash(_hash.Value, job.Previous, job.Revision));
        Interlocked.Decrement(ref _unfinished);
        options.Observer?.OnFinished(job.Revision, _deleted, job.KeepsHash ? _hash.Value : 0);
        job.Finished?.Invoke();
        StartNext();
    }
}
