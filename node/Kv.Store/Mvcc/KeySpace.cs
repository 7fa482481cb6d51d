namespace Kv.Store;

/// <summary>What the parts of the MVCC store share: the index, the backend, and from which revision to which can be
/// read.
/// <para>Why readers and the apply lane agree. The gate is held for the time of a look into the index, never while
/// pages are touched. Inside it a reader learns the current revision R and takes the backend's newest view. Rows are
/// appended before their revision becomes current, so the view has all rows up to R, in its last batch or before; what
/// is appended later has revisions above R and is passed over in the index. Once a compaction is decided, inside the
/// gate, no read below it begins; and it forgets nothing before all reads that had begun are over (<see
/// cref="Epochs"/>). It deletes rows from pages last, and views that are held do not lose theirs.</para>
/// <para>A snapshot from the leader brings another index and another file. Both change in one visit to the gate
/// (<see cref="Replace"/>): who learns of index and view in one visit has two that belong together, and keeps to
/// them.</para></summary>
internal sealed class KeySpace(Backend backend)
{
    private long _current = 1;
    private long _compacted = -1;

    public Backend Backend => backend;

    /// <summary>Changes inside the gate.</summary>
    public KeyIndex Index { get; private set; } = new();

    public Lock Gate { get; } = new();

    /// <summary>Of the reads that go on in <see cref="Index"/>; changes with it.</summary>
    public ReadEpochs Epochs { get; private set; } = new();

    /// <summary>The last revision that is applied as a whole.</summary>
    public long Current
    {
        get => Volatile.Read(ref _current);
        set => Volatile.Write(ref _current, value);
    }

    /// <summary>The oldest revision that can be read; -1 before the first compaction. Set inside the gate.</summary>
    public long Compacted
    {
        get => Volatile.Read(ref _compacted);
        set => Volatile.Write(ref _compacted, value);
    }

    /// <summary>Why nothing can be read at a revision, if so. Inside the gate.</summary>
    public KvError CheckReadable(long revision)
    {
        if (revision > Current)
            return KvError.FutureRevision;
        return revision < Compacted ? KvError.Compacted : KvError.None;
    }

    /// <summary>Begins a read of several steps.</summary>
    public ReadPoint BeginRead()
    {
        lock (Gate)
            return new ReadPoint(backend.Hold(), Index, Current, Compacted, Epochs, Epochs.Enter());
    }

    /// <summary>The present for the apply lane, beside which nothing changes: no read that has to end.</summary>
    public ReadPoint ReadHere(StoreView view) => new(view, Index, Current, Compacted, Epochs, Epoch: 0);

    public static void EndRead(in ReadPoint point)
    {
        point.LeaveIndex();
        Backend.Release(point.View);
    }

    /// <summary>Takes in the keys that the backend's file holds. Inside the gate, unless nobody reads yet.</summary>
    public void Take(RestoredKeys keys)
    {
        Index = keys.Index;
        Epochs = new ReadEpochs();
        Current = keys.Current;
        Compacted = keys.Compacted;
    }

    /// <summary>Puts another store in the place of this one, all at once; returns the old one's view.</summary>
    public StoreView Replace(OpenedStore next, RestoredKeys keys)
    {
        lock (Gate)
        {
            StoreView old = backend.Adopt(next);
            Take(keys);
            return old;
        }
    }
}
