namespace Kv.Store.Leases;

/// <summary>When leases end: known to the leader alone, and no part of what is replicated. Elsewhere no lease ever
/// ends, and a new leader begins anew, giving each lease its time again.
/// <para>The moment a lease ends is one number in the lease. Keeping it alive moves that number on and touches
/// nothing else, so it takes no lock, and millions may be kept alive by any number of threads. The clock's own lane has
/// a heap of moments at which to look at a lease; what it finds then decides: if the lease was moved on it is looked
/// at again at its new end, and if not it has ended. To end it exchanges the number for a mark, which no keeper
/// overcomes: a lease is either kept alive or handed out for revoking, never both.</para>
/// <para>Threads: <see cref="Promote"/>, <see cref="Demote"/>, <see cref="TakeExpired"/> and
/// <see cref="TakeCheckpoints"/> belong to one lane; the other public members to any thread.</para></summary>
public sealed class LeaseClock
{
    internal const long Never = long.MaxValue;

    // Handed out for revoking. Lies before every time.
    private const long Ended = long.MinValue;

    private const int StaleKept = 1024;

    private readonly LeaseBook _book;
    private readonly TimeProvider _time;
    private readonly LeaseClockOptions _options;
    private readonly long _start;
    private readonly PriorityQueue<Lease, long> _looks = new();
    private readonly CheckpointSchedule _checkpoints;
    private readonly Lock _gate = new();
    private List<Lease> _granted = []; // guarded by _gate
    private volatile bool _takesGrants;
    private volatile bool _isPrimary;
    private int _stale;
    private int _reign;

    public LeaseClock(LeaseBook book, TimeProvider time, LeaseClockOptions options)
    {
        _book = book;
        _time = time;
        _options = options;
        _start = time.GetTimestamp();
        _checkpoints = new CheckpointSchedule(options);
        book.Clock = this;
    }

    public bool IsPrimary => _isPrimary;

    /// <summary>Entries in the heap, those of revoked leases included.</summary>
    internal int Looks => _looks.Count;

    private long Now => _time.GetElapsedTime(_start).Ticks;

    /// <summary>This member leads now. Every lease gets its whole TTL, or what remained of it at the last checkpoint,
    /// and <paramref name="extension"/> more, in which clients find the new leader; and where too many would end
    /// together they are spread.</summary>
    public void Promote(TimeSpan extension)
    {
        Clear();

        // From here on grants come by themselves; those that were there before are found below. Some are both.
        _takesGrants = true;
        long now = Now;
        var leases = new List<(long Expiry, Lease Lease)>();
        foreach (Lease lease in _book.Leases)
        {
            long seconds = lease.RemainingTtl > 0 ? lease.RemainingTtl : lease.Ttl;
            leases.Add((now + extension.Ticks + (seconds * TimeSpan.TicksPerSecond), lease));
        }

        leases.Sort(static (left, right) => left.Expiry != right.Expiry
            ? left.Expiry.CompareTo(right.Expiry)
            : left.Lease.Id.CompareTo(right.Lease.Id));
        long apart = TimeSpan.TicksPerSecond / _options.ExpiriesPerSecondMax;
        long earliest = 0;
        foreach ((long expiry, Lease lease) in leases)
        {
            long spread = Math.Max(expiry, earliest);
            earliest = spread + apart;
            lease.SetExpiry(spread);
            Schedule(lease, now);
        }

        _isPrimary = true;
    }

    /// <summary>This member leads no more: nothing ends here.</summary>
    public void Demote()
    {
        Clear();
        foreach (Lease lease in _book.Leases)
            lease.SetExpiry(Never);
    }

    /// <summary>Adds to <paramref name="expired"/> the leases that have ended and are to be revoked, those that ended
    /// first at the front, and no more than one pass may have. Whoever proposes the revoking makes sure first that
    /// this member still leads.</summary>
    public void TakeExpired(List<long> expired)
    {
        if (!_isPrimary)
            return;

        long now = Now;
        TakeGranted(now);
        DropStale();
        int taken = 0;
        while (taken < _options.ExpiredMax && _looks.TryPeek(out Lease? lease, out long at) && at <= now)
        {
            _looks.Dequeue();
            if (lease.IsRevoked)
                Interlocked.Decrement(ref _stale);
            if (lease.IsRevoked || !TryEnd(lease, now))
                continue;
            expired.Add(lease.Id);
            taken++;
            LookAt(lease, now + _options.RevokeRetry.Ticks);
        }
    }

    /// <summary>Adds to <paramref name="due"/> what remains of long leases, for the members to remember.</summary>
    public void TakeCheckpoints(List<LeaseCheckpoint> due)
    {
        if (!_isPrimary)
            return;
        long now = Now;
        TakeGranted(now);
        _checkpoints.Take(now, due);
    }

    /// <summary>Gives a lease its whole TTL again; <paramref name="ttl"/> is that, in seconds.</summary>
    public LeaseRenewal Renew(long id, out long ttl)
    {
        ttl = 0;
        if (!_isPrimary)
            return LeaseRenewal.NotPrimary;
        if (!_book.TryFind(id, out Lease? lease))
            return LeaseRenewal.NotFound;

        while (true)
        {
            long now = Now;
            long expiry = lease.Expiry;
            if (expiry <= now)
                return LeaseRenewal.NotFound;
            if (lease.RemainingTtl > 0)
                return LeaseRenewal.MustClearCheckpoint;
            if (lease.TrySetExpiry(now + (lease.Ttl * TimeSpan.TicksPerSecond), expiry))
            {
                ttl = lease.Ttl;
                _options.Renewed?.Invoke();
                return LeaseRenewal.Renewed;
            }
        }
    }

    /// <summary>How long a lease lives; of meaning on the leader alone.</summary>
    public bool TryGetLife(long id, out LeaseLife life)
    {
        life = default;
        if (!_book.TryFind(id, out Lease? lease))
            return false;
        long expiry = lease.Expiry;
        long remaining = expiry - Math.Min(Now, expiry);
        life = new LeaseLife(remaining / TimeSpan.TicksPerSecond, lease.Ttl);
        return true;
    }

    /// <summary>All leases, those that end first at the front; where nothing ends, by id.</summary>
    public long[] IdsByRemainingTime()
    {
        var found = new List<(long Expiry, long Id)>();
        foreach (Lease lease in _book.Leases)
            found.Add((lease.Expiry, lease.Id));
        found.Sort();

        long[] ids = new long[found.Count];
        for (int index = 0; index < ids.Length; index++)
            ids[index] = found[index].Id;
        return ids;
    }

    /// <summary>A lease was granted. The apply lane's.</summary>
    internal void OnGranted(Lease lease)
    {
        if (!_takesGrants)
            return;

        // First when it ends, since the clock's lane looks at that as soon as it hears of the lease; and not over what
        // Promote may have set.
        lease.TrySetExpiry(Now + (lease.Ttl * TimeSpan.TicksPerSecond), found: Never);
        lock (_gate)
            _granted.Add(lease);
    }

    /// <summary>A lease was revoked; its entry in the heap stays until its time, or until there are too many such. The
    /// apply lane's.</summary>
    internal void OnRevoked()
    {
        if (_takesGrants)
            Interlocked.Increment(ref _stale);
    }

    private void Clear()
    {
        _isPrimary = false;
        _takesGrants = false;
        lock (_gate)
            _granted = [];
        _looks.Clear();
        _checkpoints.Clear();
        Interlocked.Exchange(ref _stale, 0);
        _reign++;
    }

    private void TakeGranted(long now)
    {
        List<Lease> granted;
        lock (_gate)
        {
            if (_granted.Count == 0)
                return;
            granted = _granted;
            _granted = [];
        }

        foreach (Lease lease in granted)
            Schedule(lease, now);
    }

    private void Schedule(Lease lease, long now)
    {
        if (lease.Reign == _reign)
            return; // granted while Promote was at work, and found by it
        lease.Reign = _reign;
        LookAt(lease, lease.Expiry);
        _checkpoints.Add(lease, now);
    }

    private void LookAt(Lease lease, long time) => _looks.Enqueue(lease, time);

    /// <summary>Whether the lease is to be handed out now, for the first time or again; if not, it is looked at when
    /// it ends.</summary>
    private bool TryEnd(Lease lease, long now)
    {
        while (true)
        {
            long expiry = lease.Expiry;
            if (expiry == Ended)
                return true;
            if (expiry > now)
            {
                LookAt(lease, expiry);
                return false;
            }

            if (lease.TrySetExpiry(Ended, expiry))
                return true;
        }
    }

    private void DropStale()
    {
        int stale = Volatile.Read(ref _stale);
        if (stale <= StaleKept || stale <= _looks.Count / 2)
            return;

        var kept = new List<(Lease, long)>(_looks.Count);
        foreach ((Lease lease, long at) in _looks.UnorderedItems)
        {
            if (!lease.IsRevoked)
                kept.Add((lease, at));
        }

        _looks.Clear();
        _looks.EnqueueRange(kept);
        Interlocked.Add(ref _stale, -stale);
    }
}
