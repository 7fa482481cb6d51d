using System.Diagnostics;
using Kv.Raft;
using Kv.Store;

namespace Kv.Replication;

/// <summary>One member of the cluster, less its threads: whoever owns it calls <see cref="Handle"/> from one thread at
/// a time, with as many events as have gathered. In production that is <see cref="ReplicaLoop"/>; in a test, the
/// simulator. Work that blocks goes to a lane and comes back as an event, so a slow disk never delays a
/// heartbeat.</summary>
public sealed class Replica(
    RaftNode raft,
    INetwork network,
    ILog log,
    IStateMachine store,
    ReplicaOptions options)
{
    private readonly Stack<Turn> _idleTurns = new();
    private readonly PendingRequests _pending = new(options.RequestTicksMax);
    private readonly PendingReads _reads = new(options.RequestTicksMax, options.ReadRetryTicks);
    private ulong _applied = raft.Applied;
    private HardState? _unwrittenState;
    private ulong _ownTermStart;
    private NodeId _leader;
    private long _ticks;

    /// <summary>What others may see of this member; replaced whole, so it can be read from any thread.</summary>
    public ReplicaView View { get; } = new();

    public void Handle(ReadOnlySpan<ReplicaEvent> events)
    {
        foreach (ref readonly ReplicaEvent happened in events)
            Dispatch(happened);

        // Once for all of them: entries proposed together are written, sent and applied together.
        CampaignIfAlone();
        while (Carry())
            CampaignIfAlone();
        View.Publish(raft, _applied, _ownTermStart);
    }

    private void Dispatch(in ReplicaEvent happened)
    {
        switch (happened.Kind)
        {
            case EventKind.Propose:
                OnPropose((Proposal)happened.Subject!);
                break;
            case EventKind.Persisted:
                OnPersisted((Turn)happened.Subject!);
                break;
            case EventKind.Applied:
                OnApplied((Turn)happened.Subject!);
                break;
            case EventKind.Received:
                raft.Step((Message)happened.Subject!);
                break;
            case EventKind.Tick:
                OnTick();
                break;
            case EventKind.Read:
                _reads.Add((ReadBatch)happened.Subject!, raft);
                break;
            case EventKind.ProposeChange:
                OnProposeChange((ConfProposal)happened.Subject!);
                break;
            case EventKind.ConfApplied:
                raft.ApplyConfChange(happened.Number, (ConfChangeV2)happened.Subject!);
                break;
            case EventKind.SnapshotTaken:
                OnSnapshotTaken(happened.Number);
                break;
            case EventKind.Transfer:
                raft.TransferLeader(new NodeId(happened.Number));
                break;
            case EventKind.Campaign:
                raft.Campaign();
                break;
            case EventKind.Nothing:
                break;
            default:
                throw new UnreachableException($"No rule for {happened.Kind}.");
        }
    }

    private void OnPropose(Proposal proposal)
    {
        // As in etcd, a request without a leader is not refused but runs out of time: the client's own retry must not
        // become a storm while an election is under way.
        if (raft.Propose(proposal.Entry, proposal) == ProposeOutcome.TooManyUncommitted)
            PendingRequests.Refuse(proposal, KvError.TooManyRequests);
        else
            _pending.Add(proposal);
    }

    private void OnProposeChange(ConfProposal proposal)
    {
        ProposeOutcome outcome = raft.ProposeConfChange(proposal.Change, proposal);
        if (outcome is ProposeOutcome.ConfChangePending or ProposeOutcome.ConfChangeInvalid)
            proposal.Finish(KvError.TooManyRequests);
        else
            _pending.Add(proposal);
    }

    private void OnPersisted(Turn turn)
    {
        foreach (Message promise in turn.Output.MessagesAfterPersist)
            network.Send(promise);
        raft.OnPersisted(turn.Output.WriteNumber);
        Return(turn);
    }

    private void OnApplied(Turn turn)
    {
        _applied = turn.Output.Committed[^1].Index;
        raft.OnApplied(_applied);
        _reads.OnApplied(_applied);
        Return(turn);
    }

    private void OnTick()
    {
        raft.Tick();
        _ticks++;
        store.Tick(_ticks * options.TickInterval);
        _pending.OnTick();
        _reads.OnTick(raft);
    }

    private void OnSnapshotTaken(ulong index)
    {
        ulong keep = options.CatchUpEntries;
        if (index > keep)
            raft.Compact(index - keep);
    }

    // Whom nobody else could vote for need not wait for an election timeout.
    private void CampaignIfAlone()
    {
        if (_leader == NodeId.None && raft.Role == RaftRole.Follower && ReplicaView.IsLoneVoter(raft))
            raft.Campaign();
    }

    // False if there was nothing to do.
    private bool Carry()
    {
        Turn turn = _idleTurns.TryPop(out Turn? idle) ? idle : new Turn();
        Output output = turn.Output;
        if (!raft.TakeOutput(output))
        {
            _idleTurns.Push(turn);
            return false;
        }

        foreach (Message message in output.Messages)
            network.Send(message);
        foreach (Entry dropped in output.Dropped)
            PendingRequests.Drop(dropped.Tag);
        foreach (ReadState state in output.ReadStates)
            _reads.OnReadState(state, _applied);
        if (output.SoftState is { } soft)
            OnSoftState(soft);

        // A commit index alone need not be durable: it waits for the next entries instead of costing a trip of its own.
        _unwrittenState = output.HardState ?? _unwrittenState;
        bool writes = output.WriteNumber != 0;
        bool applies = output.Committed.Count > 0;
        if (writes)
        {
            turn.HardState = _unwrittenState;
            _unwrittenState = null;
        }

        // Both lanes are counted in before either is told: the first might report back at once.
        turn.Holders = (writes ? 1 : 0) + (applies ? 1 : 0);
        if (writes)
            log.Persist(turn);
        if (applies)
            store.Apply(turn);
        if (turn.Holders == 0)
            _idleTurns.Push(turn);
        return true;
    }

    private void OnSoftState(SoftState soft)
    {
        bool leaderChanged = soft.Leader != _leader;
        _leader = soft.Leader;
        _ownTermStart = soft.Role == RaftRole.Leader ? raft.LastEntry.Index : 0;
        if (leaderChanged)
            _reads.OnLeaderChange(raft);
        View.OnSoftState(soft, leaderChanged);
    }

    private void Return(Turn turn)
    {
        turn.Holders--;
        if (turn.Holders == 0)
            _idleTurns.Push(turn);
    }
}
