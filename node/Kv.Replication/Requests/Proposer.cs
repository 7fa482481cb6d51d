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

    // A request has two election timeouts more than this until it is given up: what waits for so long still comes
    // through in time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentQueue<Proposal> _pool = new();

    private int _pooled;
    private long _unappliedRefusals;

    /// <summary>What waits for its outcome, and how much may.</summary>
    public WriteBacklog Backlog { get; init; } = new(Patience, TimeProvider.System);

    /// <summary>Requests refused so far because applying was too far behind.</summary>
    public long UnappliedRefusals => Interlocked.Read(ref _unappliedRefusals);

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
        if (proposal.TryLeaveBacklog())
            Backlog.End();
        if (!proposal.MayBePooled || Volatile.Read(ref _pooled) >= PooledMax)
            return;
        Interlocked.Increment(ref _pooled);
        _pool.Enqueue(proposal);
    }

    /// <summary>Proposes an entry; the outcome comes when it is applied here. The proposal is to be given back then,
    /// whatever the outcome.</summary>
    public ValueTask<KvError> Propose(
        Proposal proposal, ReadOnlyMemory<byte> entry, IProposalTrace? trace = null)
    {
        if (entry.Length > requestBytesMax)
            return new ValueTask<KvError>(KvError.RequestTooLarge);
        if (view.Committed > view.Applied + UnappliedMax)
        {
            Interlocked.Increment(ref _unappliedRefusals);
            return new ValueTask<KvError>(KvError.TooManyRequests);
        }

        if (!Backlog.TryBegin())
            return new ValueTask<KvError>(KvError.Overloaded);
        proposal.EnterBacklog();
        ValueTask<KvError> outcome = proposal.Begin(entry, trace);
        return inbox.TryPost(ReplicaEvent.Propose(proposal))
            ? outcome
            : new ValueTask<KvError>(KvError.Overloaded);
    }

    /// <summary>Proposes what is first in line: it is never refused for load, as it takes load off the member or keeps
    /// the cluster in order.</summary>
    public ValueTask<KvError> ProposeFirst(
        Proposal proposal, ReadOnlyMemory<byte> entry, IProposalTrace? trace = null)
    {
        if (entry.Length > requestBytesMax)
            return new ValueTask<KvError>(KvError.RequestTooLarge);
        Backlog.Begin();
        proposal.EnterBacklog();
        ValueTask<KvError> outcome = proposal.Begin(entry, trace);
        inbox.Post(ReplicaEvent.Propose(proposal));
        return outcome;
    }
}
