namespace Kv.Store;

/// <summary>Tells a compaction when all reads are over that began before it was decided: they may still need what it is
/// to forget. Reads that begin later cannot ask for it, so there are two counts, of which the old one only ever drains
/// while the new one comes and goes.</summary>
internal sealed class ReadEpochs
{
    private readonly int[] _active = new int[2];
    private int _current;
    private Action? _drained;

    /// <summary>Counts a read that begins; inside the store's gate.</summary>
    public int Enter()
    {
        Interlocked.Increment(ref _active[_current]);
        return _current;
    }

    /// <summary>Any thread.</summary>
    public void Leave(int epoch)
    {
        int left = Interlocked.Decrement(ref _active[epoch]);
        Invariant.Require(left >= 0);
        if (left == 0 && epoch != Volatile.Read(ref _current))
            Interlocked.Exchange(ref _drained, null)?.Invoke();
    }

    /// <summary>Returns true if no read goes on that has begun before; else <paramref name="drained"/> will be called,
    /// by the last of them. Inside the store's gate, and not again before that.</summary>
    public bool Drain(Action drained)
    {
        int old = _current;
        Invariant.Require(Volatile.Read(ref _active[1 - old]) == 0);
        Volatile.Write(ref _drained, drained);
        Volatile.Write(ref _current, 1 - old);

        // Either we see that the last one has left, or it sees that it was to tell us; if both, one of us gets there
        // first.
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _active[old]) == 0 && Interlocked.Exchange(ref _drained, null) is not null;
    }
}
