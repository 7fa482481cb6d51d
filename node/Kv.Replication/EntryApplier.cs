using Kv.Raft;
using Kv.Storage;
using Kv.Store;

namespace Kv.Replication;

/// <summary>The apply lane: applies the committed entries of a turn, answers the proposals among them, and keeps the
/// index of the last entry in the very batch that holds its effects. Entries that the store holds already (it was
/// further than the log's snapshot when the node started, or than the one that was installed) change nothing but the
/// membership that Raft has.
/// <para>A snapshot from the leader is installed here too, in its turn. Nothing is applied meanwhile, while reads and
/// the other lanes go on; proposals that it covers run out of time, as nobody can say what became of
/// them.</para></summary>
public sealed class EntryApplier(
    ILane lane,
    Inbox inbox,
    StoreParts store,
    Applier applier,
    ConfState conf,
    Checkpoints checkpoints,
    SnapshotFiles snapshots,
    IApplyObserver? observer = null) : IStateMachine
{
    private readonly ForwardedRequests _forwarded = new();
    private readonly ConfApplier _confApplier = new(store, conf, inbox);
    private ulong _alreadyApplied = store.Backend.ConsistentIndex;

    public ForwardedRequests Forwarded => _forwarded;

    public void Apply(Turn turn) => lane.Post(() =>
    {
        if (turn.Output.Snapshot is { } snapshot)
            Install(snapshot);
        else
            ApplyEntries(turn.Output.Committed);

        // From here on the turn is the replica's again, and may be filled anew at once.
        inbox.Post(ReplicaEvent.Applied(turn));
    });

    /// <summary>What is sent is what a commit leaves, made now so that it has all that is applied; the apply lane does
    /// not wait for it.</summary>
    public void TakeSnapshot(Message wanted, Action<OutgoingSnapshot> ready) =>
        lane.Post(() => store.Backend.ForceCommit(() =>
        {
            if (OutgoingSnapshot.Begin(store.Backend, wanted) is { } snapshot)
                ready(snapshot);
            else
                inbox.Post(ReplicaEvent.SnapshotSent(wanted.To, isSuccess: false));
        }));

    public void Tick(TimeSpan now) => lane.Post(() => store.Backend.Tick(now));

    private void Install(Snapshot snapshot)
    {
        observer?.OnInstalling(isUnderWay: true);
        snapshots.Install(snapshot.Id.Index, store);
        _alreadyApplied = store.Backend.ConsistentIndex;
        _confApplier.Restore(snapshot.Conf);
        checkpoints.StartFrom(snapshot.Id.Index);
        observer?.OnInstalling(isUnderWay: false);
    }

    private void ApplyEntries(List<Entry> committed)
    {
        EntryId last = committed[^1].Id;
        var answered = new Completions();
        observer?.OnStarting();
        foreach (Entry entry in committed)
            ApplyEntry(entry, answered);
        if (answered.Count > 0)
            answered.Send();
        checkpoints.OnApplied(last, _confApplier.Conf);
    }

    private void ApplyEntry(in Entry entry, Completions answered)
    {
        bool isNew = entry.Index > _alreadyApplied;
        if (entry.Type != EntryType.Normal)
        {
            _confApplier.Apply(entry, isNew, _forwarded);
            return;
        }

        if (!isNew)
            return;

        Proposal? proposal = Claim(entry);
        proposal?.Trace?.OnApplying(entry.Term, entry.Index);
        KvError error = applier.Apply(entry.Index, entry.Term, entry.Data.Span, proposal?.Reply);
        store.Backend.SetConsistentIndex(entry.Index, entry.Term);
        long appliedAt = observer?.OnApplied(entry.Data.Span, error, proposal?.Reply) ?? 0;
        if (proposal is null)
            return;
        proposal.AppliedAt = appliedAt;
        proposal.Settle(error, entryMayStillCome: false);
        answered.Add(proposal);
    }

    // Who waits for the entry; nobody if that one's time ran out.
    private Proposal? Claim(in Entry entry)
    {
        if (entry.Tag is Proposal own)
            return own.TryClaim(own.Round) ? own : null;
        return _forwarded.IsEmpty ? null : _forwarded.Claim(entry.Data.Span);
    }
}
