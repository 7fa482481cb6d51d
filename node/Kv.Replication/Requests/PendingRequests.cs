using Kv.Raft;
using Kv.Store;

namespace Kv.Replication;

/// <summary>Requests whose outcome somebody waits for, in the order they came, which is also the order in which their
/// time runs out. The apply lane answers them on its own; this only proposes them and ends those that nobody
/// answers.
/// <para>As in etcd, a request without a leader is not refused but waits for one until its time is up: the client's own
/// retry must not become a storm while an election is under way.</para>
/// <para>Unlike in etcd, a request that a former leader had been given does not wait for all that time. What the former
/// leader saved of it comes before the first entry of the next one; once that is committed, and it was not among what
/// came, it is lost but for a message that is still on its way, and its client is told so.</para></summary>
/// <param name="ticksMax">How long a request may wait.</param>
/// <param name="graceTicks">How long one of a former leader may still wait when the next one has committed.</param>
internal sealed class PendingRequests(
    RaftNode raft, ForwardedRequests forwarded, TimeoutReasons reasons, int ticksMax, int graceTicks)
{
    private readonly Queue<Waiter> _proposals = new();
    private readonly Queue<Waiter> _orphans = new(); // given to a former leader
    private readonly Queue<ConfProposal> _changes = new();

    // In no log, and on the way to none: nobody leads, or who does hands over.
    private readonly Queue<(Proposal Proposal, long Round)> _unsent = new();
    private readonly Queue<ConfProposal> _unsentChanges = new();
    private long _now;

    public void Propose(Proposal proposal)
    {
        long round = proposal.Round;
        if (TryOffer(proposal, round))
            _proposals.Enqueue(new Waiter(proposal, round, _now + ticksMax));
    }

    public void Propose(ConfProposal proposal)
    {
        proposal.Deadline = _now + ticksMax;
        if (TryOffer(proposal))
            _changes.Enqueue(proposal);
    }

    /// <summary>Somebody leads now who did not before.</summary>
    public void OnLeader()
    {
        HashSet<Proposal> unsent = [.. _unsent.Select(each => each.Proposal)];
        for (int left = _proposals.Count; left > 0; left--)
        {
            Waiter waiter = _proposals.Dequeue();
            if (waiter.IsWaiting)
                (unsent.Contains(waiter.Proposal) ? _proposals : _orphans).Enqueue(waiter);
        }

        OfferUnsent();
    }

    /// <summary>The leader of this term has committed its first entry.</summary>
    public void OnTermCommitted()
    {
        for (int left = _orphans.Count; left > 0; left--)
        {
            Waiter orphan = _orphans.Dequeue();
            if (orphan.Deadline > _now + graceTicks)
                orphan = orphan with { Deadline = _now + graceTicks, IsCutShort = true };
            _orphans.Enqueue(orphan);
        }
    }

    // To be called when there may be somebody to propose to.
    private void OfferUnsent()
    {
        for (int left = _unsent.Count; left > 0; left--)
        {
            (Proposal proposal, long round) = _unsent.Dequeue();
            if (proposal.IsWaiting(round))
                TryOffer(proposal, round);
        }

        for (int left = _unsentChanges.Count; left > 0; left--)
        {
            ConfProposal proposal = _unsentChanges.Dequeue();
            if (!proposal.Done.IsCompleted)
                TryOffer(proposal);
        }
    }

    /// <summary>Another leader's entry has taken the place of one proposed here, which is left to run out of time: its
    /// outcome is not known, only that it will not be told here. Or it never left, the leader having gone in between;
    /// then it waits for the next one.</summary>
    public void OnDropped(in Entry entry)
    {
        bool neverLeft = entry.Id == EntryId.Zero;
        if (entry.Tag is Proposal proposal && neverLeft)
        {
            forwarded.Remove(proposal);
            _unsent.Enqueue((proposal, proposal.Round));
        }
        else if (entry.Tag is ConfProposal change && neverLeft)
        {
            forwarded.Remove(change);
            _unsentChanges.Enqueue(change);
        }
        else if (entry.Tag is ConfProposal replaced)
        {
            replaced.Finish(KvError.Timeout);
        }
    }

    public void OnTick()
    {
        _now++;
        OfferUnsent();
        Expire(_orphans);
        Expire(_proposals);
        while (_changes.TryPeek(out ConfProposal? change) && (change.Done.IsCompleted || change.Deadline <= _now))
        {
            forwarded.Remove(change);
            _changes.Dequeue().Finish(reasons.Explain(ticksMax));
        }
    }

    private void Expire(Queue<Waiter> waiters)
    {
        var ended = new Completions();
        while (waiters.TryPeek(out Waiter first) && (first.Deadline <= _now || !first.IsWaiting))
        {
            waiters.Dequeue();
            if (first.Proposal.TryClaim(first.Round))
            {
                KvError why = first.IsCutShort ? KvError.TimeoutDueToLeaderFailure : reasons.Explain(ticksMax);
                forwarded.Remove(first.Proposal);
                first.Proposal.Settle(why, entryMayStillCome: true);
                ended.Add(first.Proposal);
            }
        }

        if (ended.Count > 0)
            ended.Send();
    }

    // False if it was refused, and told so.
    private bool TryOffer(Proposal proposal, long round)
    {
        switch (raft.Propose(proposal.Entry, proposal))
        {
            case ProposeOutcome.TooManyUncommitted:
                Refuse(proposal, round, KvError.TooManyRequests);
                return false;
            case ProposeOutcome.Forwarded:
                forwarded.Add(proposal, round);
                return true;
            case ProposeOutcome.NoLeader or ProposeOutcome.Transferring:
                _unsent.Enqueue((proposal, round));
                return true;
            default:
                return true;
        }
    }

    private bool TryOffer(ConfProposal proposal)
    {
        switch (raft.ProposeConfChange(proposal.Change, proposal))
        {
            case ProposeOutcome.ConfChangePending or ProposeOutcome.ConfChangeInvalid:
                proposal.Finish(KvError.TooManyRequests);
                return false;
            case ProposeOutcome.Forwarded:
                forwarded.Add(proposal);
                return true;
            case ProposeOutcome.NoLeader or ProposeOutcome.Transferring:
                _unsentChanges.Enqueue(proposal);
                return true;
            default:
                return true;
        }
    }

    private static void Refuse(Proposal proposal, long round, KvError error)
    {
        if (!proposal.TryClaim(round))
            return;
        proposal.Settle(error, entryMayStillCome: false);
        var ended = new Completions();
        ended.Add(proposal);
        ended.Send();
    }

    // A proposal is used again for others, so its round tells which is meant; the deadline is a tick.
    private readonly record struct Waiter(Proposal Proposal, long Round, long Deadline, bool IsCutShort = false)
    {
        public bool IsWaiting => Proposal.IsWaiting(Round);
    }
}
