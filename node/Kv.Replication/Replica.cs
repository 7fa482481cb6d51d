using System.Diagnostics;
using Kv.Raft;

namespace Kv.Replication;

/// <summary>One member of the cluster, less its threads: whoever owns it calls <see cref="Handle"/> from one thread at
/// a time, with as many events as have gathered. In production that is <see cref="ReplicaLoop"/>; in a test, the
/// simulator. Work that blocks goes to a lane and comes back as an event, so a slow disk never delays a
/// heartbeat.
/// <para>etcd's followers hold back their answers to entries that change the membership until these are applied, lest
/// one stands for election, or counts votes, by a membership that is over. That is not needed here: to Raft an entry is
/// applied when the apply lane has said so, not when it was handed out, and a node that knows of a committed change
/// it has not applied does not stand (<see cref="RaftNode.Campaign"/>); nor does a leader propose a second
/// change before it has applied the first.</para></summary>
public sealed class Replica
{
    private readonly RaftNode _raft;
    private readonly INetwork _network;
    private readonly ILog _log;
    private readonly IStateMachine _store;
    private readonly ReplicaOptions _options;
    private readonly Stack<Turn> _idleTurns = new();
    private readonly TimeoutReasons _reasons;
    private readonly PendingRequests _pending;
    private readonly PendingReads _reads;
    private readonly SnapshotSends _sends;
    private ulong _applied;
    private ulong _compactTo;
    private HardState? _unwrittenState;
    private ulong _committedTerm;
    private ulong _ownTermStart;
    private NodeId _leader;
    private long _ticks;

    public Replica(
        RaftNode raft, INetwork network, ILog log, IStateMachine store, RequestIds ids, ReplicaOptions options)
    {
        _raft = raft;
        _network = network;
        _log = log;
        _store = store;
        _options = options;
        _applied = raft.Applied;
        _reasons = new TimeoutReasons(raft, network, options);
        _pending = new PendingRequests(raft, store.Forwarded, _reasons, options.RequestTicksMax, options.ElectionTicks);
        _reads = new PendingReads(ids, options.RequestTicksMax, options.ReadRetryTicks);
        _sends = new SnapshotSends((long)(options.SnapshotKept / options.TickInterval));
    }

    /// <summary>What others may see of this member; replaced whole, so it can be read from any thread.</summary>
    public ReplicaView View { get; } = new();

    /// <summary>Called once, on the replica's lane, when this member has applied its own removal from the cluster. It
    /// goes on until its owner stops it, in etcd a second later, as others may yet have to learn of it.</summary>
    public Action? Removed { get; init; }

    public void Handle(ReadOnlySpan<ReplicaEvent> events)
    {
        foreach (ref readonly ReplicaEvent happened in events)
            Dispatch(happened);

        // Once for all of them: entries proposed together are written, sent and applied together.
        CampaignIfAlone();
        while (Carry())
            CampaignIfAlone();
        View.Publish(_raft, _applied, _ownTermStart);
    }

    private void Dispatch(in ReplicaEvent happened)
    {
        switch (happened.Kind)
        {
            case EventKind.Propose:
                _pending.Propose((Proposal)happened.Subject!);
                break;
            case EventKind.Persisted:
                OnPersisted((Turn)happened.Subject!);
                break;
            case EventKind.Applied:
                OnApplied((Turn)happened.Subject!);
                break;
            case EventKind.Received:
                OnReceived((Message)happened.Subject!);
                break;
            case EventKind.Tick:
                OnTick();
                break;
            case EventKind.Read:
                _reads.Add((ReadBatch)happened.Subject!, _raft);
                break;
            case EventKind.ProposeChange:
                _pending.Propose((ConfProposal)happened.Subject!);
                break;
            case EventKind.ConfApplied:
                OnConfApplied(happened.Number, (ConfChangeV2)happened.Subject!);
                break;
            case EventKind.SnapshotTaken:
                OnSnapshotTaken(happened.Number);
                break;
            case EventKind.Transfer:
                _raft.TransferLeader(new NodeId(happened.Number));
                break;
            case EventKind.Campaign:
                _raft.Campaign();
                break;
            case EventKind.Nothing:
                break;
            default:
                DispatchRare(happened);
                break;
        }
    }

    private void DispatchRare(in ReplicaEvent happened)
    {
        switch (happened.Kind)
        {
            case EventKind.ReceivedSnapshot:
                _raft.Step((Message)happened.Subject!);
                break;
            case EventKind.SnapshotSent:
                OnSnapshotSent(new NodeId(happened.Number), isSuccess: true);
                break;
            case EventKind.SnapshotFailed:
                OnSnapshotSent(new NodeId(happened.Number), isSuccess: false);
                break;
            case EventKind.Unreachable:
                _raft.ReportUnreachable(new NodeId(happened.Number));
                break;
            case EventKind.Refused:
                _raft.ReportRefused(new NodeId(happened.Number));
                break;
            case EventKind.Ask:
                ((StatusQuery)happened.Subject!).Answer(_raft.Status);
                break;
            case EventKind.SkipTicks:
                SkipTicks(happened.Number);
                break;
            default:
                throw new UnreachableException($"No rule for {happened.Kind}.");
        }
    }

    private void OnReceived(Message message)
    {
        // One that came without its page file must not reach the log: there would be nothing to install.
        if (message.Type != MessageType.Snapshot)
            _raft.Step(message);
    }

    private void OnPersisted(Turn turn)
    {
        foreach (Message promise in turn.Output.MessagesAfterPersist)
            _network.Send(promise);

        // Only now, as a page file must never be ahead of its log; and before Raft hands out what comes after it.
        if (turn.Output.Snapshot is not null)
            _store.Apply(turn);
        _raft.OnPersisted(turn.Output.WriteNumber);
        Return(turn);
    }

    private void OnApplied(Turn turn)
    {
        _applied = turn.Output.Snapshot is { } snapshot ? snapshot.Id.Index : turn.Output.Committed[^1].Index;
        _raft.OnApplied(_applied);
        _reads.OnApplied(_applied);
        Return(turn);
    }

    private void OnConfApplied(ulong index, ConfChangeV2 change)
    {
        _raft.ApplyConfChange(index, change);
        foreach (ConfChangeSingle single in change.Changes)
        {
            if (single.Type != ConfChangeType.RemoveNode || single.Node != _raft.Id || View.IsRemoved)
                continue;
            View.OnRemoved();
            Removed?.Invoke();
        }
    }

    private void OnTick()
    {
        _raft.Tick();
        _ticks++;
        _store.Tick(_ticks * _options.TickInterval);
        _reasons.OnTick();
        _pending.OnTick();
        _reads.OnTick(_raft);
        if (_sends.Expire(_ticks))
            Compact();
    }

    // Only Raft's: nobody who waits for an answer has waited any longer.
    private void SkipTicks(ulong count)
    {
        for (ulong tick = 0; tick < count && _leader == NodeId.None; tick++)
            _raft.Tick();
    }

    private void OnSnapshotTaken(ulong index)
    {
        ulong keep = _options.CatchUpEntries;
        if (index <= keep)
            return;
        _compactTo = Math.Max(_compactTo, index - keep);
        Compact();
    }

    private void OnSnapshotSent(NodeId to, bool isSuccess)
    {
        _sends.End(to, _ticks);
        _raft.ReportSnapshot(to, isSuccess);
    }

    // What is held back now is given up later: when the members that may need it have it, or with the next snapshot if
    // this one was told of before the turn that led to it, so that Raft does not know yet that so much is applied.
    private void Compact()
    {
        ulong index = Math.Min(_compactTo, _sends.OldestIndex ?? ulong.MaxValue);
        _raft.Compact(Math.Min(index, _raft.Applied));
    }

    // Whom nobody else could vote for need not wait for an election timeout.
    private void CampaignIfAlone()
    {
        if (_leader == NodeId.None && _raft.Role == RaftRole.Follower && ReplicaView.IsLoneVoter(_raft))
            _raft.Campaign();
    }

    // False if there was nothing to do.
    private bool Carry()
    {
        Turn turn = _idleTurns.TryPop(out Turn? idle) ? idle : new Turn();
        Output output = turn.Output;
        if (!_raft.TakeOutput(output))
        {
            _idleTurns.Push(turn);
            return false;
        }

        foreach (Message message in output.Messages)
            Send(message);
        foreach (Entry dropped in output.Dropped)
            _pending.OnDropped(dropped);
        foreach (ReadState state in output.ReadStates)
            _reads.OnReadState(state, _applied, _raft);
        if (output.SoftState is { } soft)
            OnSoftState(soft);

        if (output.Committed is [.., var last] && last.Id.Term != _committedTerm)
        {
            _committedTerm = last.Id.Term;
            _pending.OnTermCommitted();
        }

        // A commit index alone need not be durable: it waits for the next entries instead of costing a trip of its own.
        _unwrittenState = output.HardState ?? _unwrittenState;
        bool writes = output.WriteNumber != 0;
        bool applies = output.Committed.Count > 0;
        bool installs = output.Snapshot is not null; // once it is persisted
        if (writes)
        {
            turn.HardState = _unwrittenState;
            _unwrittenState = null;
        }

        // Both lanes are counted in before either is told: the first might report back at once.
        turn.Holders = (writes ? 1 : 0) + (applies || installs ? 1 : 0);
        if (writes)
            _log.Persist(turn);
        if (applies)
            _store.Apply(turn);
        if (turn.Holders == 0)
            _idleTurns.Push(turn);
        return true;
    }

    private void Send(Message message)
    {
        if (message.Type != MessageType.Snapshot)
            _network.Send(message);
        else if (_sends.TryBegin(message.To, message.Snapshot!.Id.Index))
            _store.TakeSnapshot(message, _network.SendSnapshot);
        else
            _raft.ReportSnapshot(message.To, isSuccess: false); // it will be wanted again
    }

    private void OnSoftState(SoftState soft)
    {
        bool leaderChanged = soft.Leader != _leader;
        _leader = soft.Leader;
        _ownTermStart = soft.Role == RaftRole.Leader ? _raft.LastEntry.Index : 0;
        if (leaderChanged && soft.Leader != NodeId.None)
        {
            _reasons.OnLeader();
            _reads.OnLeader(_raft);
            _pending.OnLeader();
        }

        View.OnSoftState(soft, _raft.Term, leaderChanged);
    }

    private void Return(Turn turn)
    {
        turn.Holders--;
        if (turn.Holders == 0)
            _idleTurns.Push(turn);
    }
}
