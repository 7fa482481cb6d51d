namespace Kv.Store.Leases;

/// <summary>When to tell the members what remains of each long lease, so that a new leader need not give it its whole
/// TTL again: once in an interval, for leases that last longer than one.</summary>
internal sealed class CheckpointSchedule(LeaseClockOptions options)
{
    private readonly PriorityQueue<Lease, long> _due = new();

    public void Clear() => _due.Clear();

    public void Add(Lease lease, long now)
    {
        if (options.CheckpointInterval is { } interval && lease.Ttl * TimeSpan.TicksPerSecond > interval.Ticks)
            _due.Enqueue(lease, now + interval.Ticks);
    }

    public void Take(long now, List<LeaseCheckpoint> due)
    {
        for (int taken = 0; taken < options.CheckpointsMax && _due.TryPeek(out Lease? lease, out long at) && at <= now;)
        {
            _due.Dequeue();
            long expiry = lease.Expiry;
            if (lease.IsRevoked || expiry <= now)
                continue; // gone, or about to go

            Add(lease, now);
            long remaining = (expiry - now + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
            if (remaining >= lease.Ttl)
                continue; // just kept alive
            due.Add(new LeaseCheckpoint(lease.Id, remaining));
            taken++;
        }
    }
}
