using Kv.Store;

namespace Kv.Replication;

/// <summary>Requests whose outcome somebody waits for, in the order they came, which is also the order in which their
/// time runs out. The apply lane answers them on its own; this only ends those that nobody answers.</summary>
internal sealed class PendingRequests(int ticksMax)
{
    private readonly Queue<(Proposal Proposal, long Round, long Deadline)> _proposals = new();
    private readonly Queue<ConfProposal> _changes = new();
    private long _now;

    public void Add(Proposal proposal) => _proposals.Enqueue((proposal, proposal.Round, _now + ticksMax));

    public void Add(ConfProposal change)
    {
        change.Deadline = _now + ticksMax;
        _changes.Enqueue(change);
    }

    /// <summary>Ends a request that is in no log.</summary>
    public static void Refuse(Proposal proposal, KvError error)
    {
        if (!proposal.TryClaim(proposal.Round))
            return;
        proposal.Settle(error, entryMayStillCome: false);
        var ended = new Completions();
        ended.Add(proposal);
        ended.Send();
    }

    /// <summary>Leaves a request whose entry another leader's has replaced to run out of time: its outcome is not
    /// known, only that it will not be told here.</summary>
    public static void Drop(object? tag)
    {
        if (tag is ConfProposal change)
            change.Finish(KvError.Timeout);
    }

    public void OnTick()
    {
        _now++;
        var ended = new Completions();
        while (_proposals.TryPeek(out (Proposal Proposal, long Round, long Deadline) first)
            && (first.Deadline <= _now || !first.Proposal.IsWaiting(first.Round)))
        {
            _proposals.Dequeue();
            if (first.Proposal.TryClaim(first.Round))
            {
                first.Proposal.Settle(KvError.Timeout, entryMayStillCome: true);
                ended.Add(first.Proposal);
            }
        }

        if (ended.Count > 0)
            ended.Send();
        while (_changes.TryPeek(out ConfProposal? change) && (change.Done.IsCompleted || change.Deadline <= _now))
            _changes.Dequeue().Finish(KvError.Timeout);
    }
}
