using System.Collections.Concurrent;
using Kv.Store;

namespace Kv.Replication;

/// <summary>The door through which requests enter the log, from any thread. Refuses at once what cannot go in: more
/// than a request may hold, or more requests than the member keeps up with.</summary>
public sealed class Proposer(Inbox inbox, RequestIds ids, ReplicaView view, int requestBytesMax)
{
    // As many as clients of a busy node keep in flight; what exceeds it is left to the garbage collector.
    private const int PooledMax = 4096;

    // How far apply may lag behind commit before more is refused, as in etcd.
    private const ulong UnappliedMax = 5000;

    private readonly ConcurrentQueue<Proposal> _pool = new();

    private int _pooled;

    public ulong NextId() => ids.Next();

    public Proposal Rent()
    {
        if (!_pool.TryDequeue(out Proposal? proposal))
            return new Proposal();
        Interlocked.Decrement(ref _pooled);
        return proposal;
    }

    /// <summary>Gives back a proposal whose outcome and reply have been read.</summary>
    public void Return(Proposal proposal)
    {
        if (!proposal.MayBePooled || Volatile.Read(ref _pooled) >= PooledMax)
            return;
        Interlocked.Increment(ref _pooled);
        _pool.Enqueue(proposal);
    }

    /// <summary>Proposes an entry; the outcome comes when it is applied here.</summary>
    public ValueTask<KvError> Propose(Proposal proposal, ReadOnlyMemory<byte> entry)
    {
        if (entry.Length > requestBytesMax)
            return new ValueTask<KvError>(KvError.RequestTooLarge);
        if (view.Committed > view.Applied + UnappliedMax)
            return new ValueTask<KvError>(KvError.TooManyRequests);

        ValueTask<KvError> outcome = proposal.Begin(entry);
        return inbox.TryPost(ReplicaEvent.Propose(proposal))
            ? outcome
            : new ValueTask<KvError>(KvError.TooManyRequests);
    }
}
