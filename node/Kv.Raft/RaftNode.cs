namespace Kv.Raft;

/// <summary>One node's part in the Raft protocol, as etcd's nodes speak it: a pure state machine. Calls tell it what
/// happened (a tick, a message, a proposal, a finished write), and <see cref="TakeOutput"/> then says what is to be
/// done about all of it. It waits for nothing, reads no clock, and does not write: whoever owns it persists the
/// output and reports that by <see cref="OnPersisted"/>. One thread at a time may call it.
///
/// What was not reported as persisted counts nowhere: a vote or an acknowledgement leaves after it, the leader's own
/// part of a quorum included, so the node on disk is at every moment one that kept all its promises.</summary>
public sealed class RaftNode
{
    private readonly RaftState _state;
    private readonly Roles _roles;
    private readonly Leader _leader;
    private readonly Forwarder _forwarder;

    // The membership that the store contains, and the entry that last changed it: the store is at least that new.
    private ConfState _appliedConf;
    private ulong _appliedConfIndex;

    private HardState _givenHardState;
    private SoftState _givenSoftState;

    public RaftNode(RaftOptions options, RestoredState restored)
    {
        Invariant.Require(options.Id != NodeId.None);
        Invariant.Require(options.HeartbeatTicks > 0 && options.ElectionTicks > options.HeartbeatTicks);
        _state = new RaftState(options, restored);
        _leader = new Leader(_state, CurrentSnapshot);
        _forwarder = new Forwarder(_state);
        _roles = new Roles(_state, _leader, _forwarder);
        _appliedConf = restored.Conf;
        _appliedConfIndex = restored.Applied;
        _givenHardState = restored.HardState;
        _givenSoftState = _state.SoftState;
    }

    public NodeId Id => _state.Id;

    public ulong Term => _state.Term;

    public RaftRole Role => _state.Role;

    /// <summary>The leader of this term, as far as known.</summary>
    public NodeId LeaderId => _state.Leader;

    public ulong Committed => _state.Log.Committed;

    public ulong Applied => _state.Log.Applied;

    public EntryId LastEntry => _state.Log.LastId;

    public ulong FirstIndex => _state.Log.FirstIndex;

    /// <summary>The membership as applied.</summary>
    public ConfState Conf => _state.Tracker.Conf;

    public RaftStatus Status => new(
        Id,
        _state.HardState,
        _state.SoftState,
        Applied,
        LastEntry,
        Conf,
        _leader.TransferTo,
        Role == RaftRole.Leader ? [.. _state.Tracker.Members.Select(StatusOf)] : []);

    /// <summary>Lets one unit of time pass: see <see cref="RaftOptions.ElectionTicks"/>.</summary>
    public void Tick() => _roles.Tick();

    /// <summary>Takes one message in. Nothing here throws for a message that came from another node, save for
    /// <see cref="RaftSafetyException"/>.</summary>
    public void Step(Message message) => _roles.Step(message);

    /// <summary>Stands for election now, if this node may; returns whether it does.</summary>
    public bool Campaign() => _roles.Campaign();

    /// <summary>Proposes an entry. <paramref name="data"/> is not copied and must stay as it is.</summary>
    public ProposeOutcome Propose(ReadOnlyMemory<byte> data, object? tag = null) =>
        Propose(EntryType.Normal, data, tag);

    public ProposeOutcome ProposeConfChange(ConfChange change, object? tag = null) =>
        Propose(EntryType.ConfChange, ConfChangeCodec.Encode(change), tag);

    public ProposeOutcome ProposeConfChange(ConfChangeV2 change, object? tag = null) =>
        Propose(EntryType.ConfChangeV2, ConfChangeCodec.Encode(change), tag);

    /// <summary>Makes the change in force that the entry at <paramref name="index"/> carries, as the owner applies that
    /// entry and before it reports it applied; a change that the owner then refuses is passed with no node in it.
    /// Returns the membership to be stored with the entry.</summary>
    public ConfState ApplyConfChange(ulong index, ConfChangeV2 change)
    {
        Invariant.Require(index > _appliedConfIndex && index <= _state.Log.HandedOut);
        bool isAllowed = ConfChanger.TryApply(_appliedConf, change, out ConfState? next);
        Invariant.Require(isAllowed);
        _appliedConfIndex = index;
        _appliedConf = next!;

        // While a snapshot is on its way to the store, the membership in force is already the snapshot's.
        if (!_state.Log.IsRestoring)
            Switch(_appliedConf);
        return _appliedConf;
    }

    /// <summary>Asks for an index at which a read sees all that was committed before; the answer is in
    /// <see cref="Output.ReadStates"/>. It can get lost: ask again after a while, or when the leader changes. False if
    /// there is nobody to ask, or too much was asked.</summary>
    public bool ReadIndex(ulong context)
    {
        if (Role == RaftRole.Leader)
            return _leader.TryAskRead(new ReadRequest(Id, context, RemoteContext: default));
        if (_state.Leader == NodeId.None)
            return false;

        _forwarder.ForwardRead(ReadContext.ToEntries(context));
        return true;
    }

    /// <summary>Hands leadership to another voter, if this or the leader can within an election timeout.</summary>
    public void TransferLeader(NodeId to)
    {
        if (Role == RaftRole.Leader)
            _roles.BeginTransfer(to);
        else if (_state.Leader != NodeId.None)
            _forwarder.ForwardTransfer(to);
    }

    /// <summary>Fills <paramref name="output"/> with all there is to do since the last one was taken; false if that is
    /// nothing.</summary>
    public bool TakeOutput(Output output)
    {
        output.Clear();
        if (Role == RaftRole.Leader)
            _leader.Flush();
        _forwarder.Flush();

        _state.Log.TakeUnwritten(output);
        TakeStates(output);
        bool isNothingPending = !output.MustSync && _state.Writes.IsEmpty;
        if (output.MustSync || (_state.Outbox.HasPromises && !isNothingPending))
            output.WriteNumber = _state.Writes.Add(_state.Log.Written, Term, _state.Vote);

        _state.Outbox.MoveTo(output, isNothingPending);
        _leader.OnCommittedHandedOut(
            _state.Log.TakeCommitted(output.Committed, _state.Options.CommittedBytesMax));
        return !output.IsEmpty;
    }

    /// <summary>Says that the output of this <see cref="Output.WriteNumber"/> and all before it are on disk.</summary>
    public void OnPersisted(ulong writeNumber)
    {
        PendingWrite write = _state.Writes.Complete(writeNumber);
        _state.Log.OnPersisted(write.LastIndex);
        if (Role == RaftRole.Leader)
            _leader.OnPersisted();
        else
            _roles.OnPersisted(write);
    }

    /// <summary>Says that the store contains all entries up to this one.</summary>
    public void OnApplied(ulong index)
    {
        bool wasRestoring = _state.Log.IsRestoring;
        _state.Log.OnApplied(index);
        if (wasRestoring && !_state.Log.IsRestoring)
            _appliedConf = Conf;
        if (Role == RaftRole.Leader)
            _leader.LeaveJointIfDue();
    }

    /// <summary>Forgets the log up to an applied entry. What a slow follower needs of it will have to be sent as a
    /// snapshot.</summary>
    public void Compact(ulong index) => _state.Log.Compact(index);

    /// <summary>Says that a message to this node was lost for sure.</summary>
    public void ReportUnreachable(NodeId id)
    {
        if (Role == RaftRole.Leader)
            _leader.OnUnreachable(id);
    }

    /// <summary>Says that this node's machine answers, and that nothing listens there: its process has ended.</summary>
    public void ReportRefused(NodeId id) => _roles.OnRefused(id);

    /// <summary>Says how the sending of a <see cref="MessageType.Snapshot"/> ended.</summary>
    public void ReportSnapshot(NodeId id, bool isSuccess)
    {
        if (Role == RaftRole.Leader)
            _leader.OnSnapshotSent(id, isSuccess);
    }

    private ProposeOutcome Propose(EntryType type, ReadOnlyMemory<byte> data, object? tag)
    {
        if (Role == RaftRole.Leader)
            return _leader.Propose(type, data, tag);
        if (_state.Leader == NodeId.None)
            return ProposeOutcome.NoLeader;

        _forwarder.ForwardProposal(type, data, tag);
        return ProposeOutcome.Forwarded;
    }

    private void Switch(ConfState conf)
    {
        _state.Tracker.Switch(conf, _state.Log.LastIndex);
        if (Role != RaftRole.Leader)
            return;

        // A leader that is no voter any more would count majorities it is no part of (§6).
        if (_state.Tracker.SelfIsVoter)
            _leader.OnConfChanged();
        else
            _roles.StepDown();
    }

    /// <summary>Names what a follower is to be sent that lacks what is gone from the log. The owner sends the store's
    /// content at that entry or a later one, and then says in the message which.</summary>
    private Snapshot CurrentSnapshot()
    {
        ulong index = Math.Max(Applied, _appliedConfIndex);
        bool isKept = _state.Log.TryTerm(index, out ulong term);
        Invariant.Require(isKept);
        return new Snapshot(new EntryId(term, index), Conf);
    }

    private void TakeStates(Output output)
    {
        HardState hard = _state.HardState;
        bool isVoteNew = (hard.Term, hard.Vote) != (_givenHardState.Term, _givenHardState.Vote);
        output.HardState = hard == _givenHardState ? null : hard;
        output.MustSync = isVoteNew || output.Entries.Count > 0 || output.Snapshot is not null;
        output.SoftState = _state.SoftState == _givenSoftState ? null : _state.SoftState;
        _givenHardState = hard;
        _givenSoftState = _state.SoftState;

        output.ReadStates.AddRange(_state.ReadStates);
        output.Dropped.AddRange(_state.Dropped);
        _state.ReadStates.Clear();
        _state.Dropped.Clear();
    }

    private static PeerStatus StatusOf(Progress member) => new(
        member.Id,
        member.IsLearner,
        member.State,
        member.Match,
        member.Next,
        member.IsActive,
        member.IsPaused,
        member.PendingSnapshot,
        member.InflightCount);
}
