using Kv.Raft;
using Kv.Storage;
using Kv.Store;

namespace Kv.Replication;

/// <summary>The apply lane: applies the committed entries of a turn, answers the proposals among them, and keeps the
/// index of the last entry in the very batch that holds its effects. Entries that the store holds already (it was
/// further than the log's snapshot when the node started) change nothing but the membership that Raft
/// has.</summary>
public sealed class EntryApplier(
    ILane lane,
    Inbox inbox,
    StoreParts store,
    Applier applier,
    ConfState conf,
    Checkpoints checkpoints) : IStateMachine
{
    private readonly ConfApplier _confApplier = new(store, conf, inbox);
    private readonly ulong _alreadyApplied = store.Backend.ConsistentIndex;

    public void Apply(Turn turn) => lane.Post(() => ApplyNow(turn));

    public void Tick(TimeSpan now) => lane.Post(() => store.Backend.Tick(now));

    private void ApplyNow(Turn turn)
    {
        EntryId last = turn.Output.Committed[^1].Id;
        var answered = new Completions();
        foreach (Entry entry in turn.Output.Committed)
            ApplyEntry(entry, answered);
        if (answered.Count > 0)
            answered.Send();
        checkpoints.OnApplied(last, _confApplier.Conf);

        // From here on the turn is the replica's again, and may be filled anew at once.
        inbox.Post(ReplicaEvent.Applied(turn));
    }

    private void ApplyEntry(in Entry entry, Completions answered)
    {
        bool isNew = entry.Index > _alreadyApplied;
        if (entry.Type != EntryType.Normal)
        {
            _confApplier.Apply(entry, isNew);
            return;
        }

        if (!isNew)
            return;

        var proposal = entry.Tag as Proposal;
        if (proposal is not null && !proposal.TryClaim(proposal.Round))
            proposal = null; // its time ran out

        KvError error = applier.Apply(entry.Index, entry.Term, entry.Data.Span, proposal?.Reply);
        store.Backend.SetConsistentIndex(entry.Index, entry.Term);
        if (proposal is null)
            return;
        proposal.Settle(error, entryMayStillCome: false);
        answered.Add(proposal);
    }
}
