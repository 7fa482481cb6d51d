using Kv.Raft;
using Kv.Store;

namespace Kv.Replication;

/// <summary>Requests whose outcome somebody waits for, in the order they came, which is also the order in which their
/// time runs out. The apply lane answers them on its own; this only proposes them and ends those that nobody
/// answers.
/// <para>As in etcd, a request without a leader is not refused but waits for one until its time is up: the client's own
/// retry must not become a storm while an election is under way.</para></summary>
internal sealed class PendingRequests(
    RaftNode raft, ForwardedRequests forwarded, TimeoutReasons reasons, int ticksMax)
{
    private readonly Queue<(Proposal Proposal, long Round, long Deadline)> _proposals = new();
    private readonly Queue<ConfProposal> _changes = new();

    // In no log, and on the way to none: nobody leads, or who does hands over.
    private readonly Queue<(Proposal Proposal, long Round)> _unsent = new();
    private readonly Queue<ConfProposal> _unsentChanges = new();
    private long _now;

    public void Propose(Proposal proposal)
    {
        long round = proposal.Round;
        if (TryOffer(proposal, round))
            _proposals.Enqueue((proposal, round, _now + ticksMax));
    }

    public void Propose(ConfProposal proposal)
    {
        proposal.Deadline = _now + ticksMax;
        if (TryOffer(proposal))
            _changes.Enqueue(proposal);
    }

    /// <summary>Proposes what had nobody to propose to. To be called when there may be somebody.</summary>
    public void OfferUnsent()
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
        var ended = new Completions();
        while (_proposals.TryPeek(out (Proposal Proposal, long Round, long Deadline) first)
            && (first.Deadline <= _now || !first.Proposal.IsWaiting(first.Round)))
        {
            _proposals.Dequeue();
            if (first.Proposal.TryClaim(first.Round))
            {
                forwarded.Remove(first.Proposal);
                first.Proposal.Settle(reasons.Explain(ticksMax), entryMayStillCome: true);
                ended.Add(first.Proposal);
            }
        }

        if (ended.Count > 0)
            ended.Send();
        while (_changes.TryPeek(out ConfProposal? change) && (change.Done.IsCompleted || change.Deadline <= _now))
        {
            forwarded.Remove(change);
            _changes.Dequeue().Finish(reasons.Explain(ticksMax));
        }
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
}
