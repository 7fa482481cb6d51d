namespace Kv.Raft;

/// <summary>How a leader acts. What it has to send because something happened is sent by <see cref="Flush"/>, once for
/// all that happened since the last output.</summary>
internal sealed class Leader
{
    private readonly RaftState _state;
    private readonly AppendSender _sender;
    private readonly LeaderReads _reads;

    // A change of the membership may be at or before this index and not applied: no other may follow it.
    private ulong _pendingConfIndex;

    private long _uncommittedBytes;

    public Leader(RaftState state, Func<Snapshot> currentSnapshot)
    {
        _state = state;
        _sender = new AppendSender(state, currentSnapshot);
        _reads = new LeaderReads(state);
    }

    /// <summary>Whom it is handing over to.</summary>
    public NodeId TransferTo { get; private set; }

    private RaftLog Log => _state.Log;

    /// <summary>Forgets all of an earlier time in office.</summary>
    public void Reset()
    {
        _pendingConfIndex = 0;
        _uncommittedBytes = 0;
        TransferTo = NodeId.None;
        _reads.Clear();
    }

    public void TakeOffice()
    {
        if (_state.Tracker.Self is { } self)
        {
            self.BecomeReplicate();
            self.TryAdvance(Log.Persisted);
            self.IsActive = true;
        }

        // Any entry that is there may change the membership; looking at them all would only save a little time.
        _pendingConfIndex = Log.LastIndex;

        // Entries of earlier terms are committed by way of one of this term, so there has to be one (§5.4.2).
        Append(EntryType.Normal, default, tag: null);
    }

    public ProposeOutcome Propose(EntryType type, ReadOnlyMemory<byte> data, object? tag)
    {
        ProposeOutcome refusal = CanTake(data.Length);
        if (refusal == ProposeOutcome.Appended && type != EntryType.Normal)
            refusal = CanChangeConf(type, data);
        if (refusal != ProposeOutcome.Appended)
            return refusal;

        if (type != EntryType.Normal)
            _pendingConfIndex = Log.LastIndex + 1;
        _uncommittedBytes += data.Length;
        Append(type, data, tag);
        return ProposeOutcome.Appended;
    }

    public void OnPropose(Message message)
    {
        foreach (ref readonly Entry entry in message.Entries.Span)
            Propose(entry.Type, entry.Data, tag: null); // What is refused is lost; its proposer gives up in time.
    }

    public void OnAppendResponse(Message message)
    {
        if (_state.Tracker.Find(message.From) is not { } follower)
            return;

        follower.IsActive = true;
        if (message.Reject)
            OnRefused(follower, message);
        else
            OnAccepted(follower, message.Index);
    }

    public void OnHeartbeatResponse(Message message)
    {
        if (_state.Tracker.Find(message.From) is not { } follower)
            return;

        // It lives, so what was unanswered is lost, or slow: try again.
        follower.IsActive = true;
        follower.Resume();
        if (follower.Match < Log.LastIndex || follower.State == ProgressState.Probe)
            follower.IsProbeDue = true;
        _reads.OnHeartbeatResponse(follower, message.Context.Span);
    }

    /// <summary>This node's own part of the quorum counts as the others' do: once it is durable.</summary>
    public void OnPersisted()
    {
        if (_state.Tracker.Self?.TryAdvance(Log.Persisted) == true)
            AdvanceCommit();
    }

    public void OnUnreachable(NodeId id)
    {
        // What is on its way is probably lost: stop running ahead.
        if (_state.Tracker.Find(id) is { State: ProgressState.Replicate } follower)
            follower.BecomeProbe();
    }

    public void OnSnapshotSent(NodeId id, bool isSuccess)
    {
        if (_state.Tracker.Find(id) is not { State: ProgressState.Snapshot } follower)
            return;

        if (!isSuccess)
            follower.FailSnapshot();
        follower.BecomeProbe();

        // Its acknowledgement is to come; or after a failure some time is to pass, until a heartbeat is answered.
        follower.Pause();
    }

    public bool TryAskRead(in ReadRequest request) => _reads.TryAsk(request);

    public void BeginTransfer(NodeId to)
    {
        if (_state.Tracker.Find(to) is not { IsLearner: false } follower || to == TransferTo)
            return;

        TransferTo = NodeId.None;
        if (to == _state.Id)
            return;

        TransferTo = to;
        if (follower.Match == Log.LastIndex)
            SendTimeoutNow(to);
        else
            follower.IsProbeDue = true;
    }

    public void AbortTransfer() => TransferTo = NodeId.None;

    public void SendHeartbeats() => SendHeartbeats(_reads.RepeatedContext());

    /// <summary>Whether a majority was heard from since this was last asked.</summary>
    public bool CheckQuorum()
    {
        if (_state.Tracker.Self is { } self)
            self.IsActive = true;
        bool isActive = _state.Tracker.Quorum.Count(static member => member.IsActive) == VoteResult.Won;
        foreach (Progress member in _state.Tracker.Members)
            member.IsActive = false;
        return isActive;
    }

    public void OnCommittedHandedOut(long dataBytes) =>
        _uncommittedBytes = Math.Max(0, _uncommittedBytes - dataBytes);

    /// <summary>The membership has changed: a smaller quorum may have been reached already.</summary>
    public void OnConfChanged()
    {
        AdvanceCommit();
        if (!_state.Tracker.Conf.Voters.Contains(TransferTo))
            TransferTo = NodeId.None;
    }

    /// <summary>Ends a joint membership once its beginning is applied. Tried again and again, since it can be refused
    /// while leadership is being handed over.</summary>
    public void LeaveJointIfDue()
    {
        if (_state.Tracker.Conf.AutoLeave && Log.Applied >= _pendingConfIndex)
            Propose(EntryType.ConfChangeV2, default, tag: null);
    }

    public void Flush()
    {
        ReadOnlyMemory<byte> round = _reads.Proceed();
        if (!round.IsEmpty)
            SendHeartbeats(round);
        _sender.SendToAll();
    }

    private ProposeOutcome CanTake(long bytes)
    {
        if (_state.Tracker.Self is null)
            return ProposeOutcome.NoLeader; // not a member any more
        if (TransferTo != NodeId.None)
            return ProposeOutcome.Transferring;

        bool isTooMuch = _uncommittedBytes > 0 && bytes > 0
            && _uncommittedBytes + bytes > _state.Options.UncommittedBytesMax;
        return isTooMuch ? ProposeOutcome.TooManyUncommitted : ProposeOutcome.Appended;
    }

    private ProposeOutcome CanChangeConf(EntryType type, ReadOnlyMemory<byte> data)
    {
        var entry = new Entry(EntryId.Zero, type, data);
        if (!ConfChangeCodec.TryDecode(entry, out ConfChangeV2? change))
            return ProposeOutcome.ConfChangeInvalid;

        // Two changes decided under the same membership could each be right and both together part the cluster in
        // two (§6), so one has to be applied before the next is proposed.
        bool isJoint = _state.Tracker.Conf.IsJoint;
        if (_pendingConfIndex > Log.Applied || (isJoint && !change.LeavesJoint))
            return ProposeOutcome.ConfChangePending;

        return ConfChanger.TryApply(_state.Tracker.Conf, change, out _)
            ? ProposeOutcome.Appended
            : ProposeOutcome.ConfChangeInvalid;
    }

    private void Append(EntryType type, ReadOnlyMemory<byte> data, object? tag) =>
        Log.Append(new Entry(new EntryId(_state.Term, Log.LastIndex + 1), type, data, tag));

    private void OnRefused(Progress follower, Message message)
    {
        // The follower named the last entry it may share with the leader; the leader's own log may rule out more.
        ulong hint = message.RejectHint;
        if (message.LogTerm > 0)
            hint = Log.FindConflict(Math.Min(hint, Log.LastIndex), message.LogTerm).Index;
        if (!follower.TryBackOff(message.Index, hint))
            return;

        if (follower.State == ProgressState.Replicate)
            follower.BecomeProbe();
        follower.IsProbeDue = true;
    }

    private void OnAccepted(Progress follower, ulong index)
    {
        if (index > Log.LastIndex)
        {
            RaftSafetyException.Throw(
                $"follower {follower.Id} holds entry {index}, but this leader's log ends at {Log.LastIndex}");
        }

        // A probe that is accepted where it was known to match still ends the probing.
        bool isNews = follower.TryAdvance(index);
        if (!isNews && !(follower.Match == index && follower.State == ProgressState.Probe))
            return;

        follower.OnAccepted(index, Log.FirstIndex);
        AdvanceCommit();
        if (follower.Id == TransferTo && follower.Match == Log.LastIndex)
            SendTimeoutNow(TransferTo);
    }

    /// <summary>Commits what a majority holds, if it is of this term: an entry of an earlier term may be held by a
    /// majority and still be replaced, as figure 8 of the paper shows (§5.4.2).</summary>
    private void AdvanceCommit()
    {
        ulong agreed = _state.Tracker.Quorum.Agreed(static member => member.Match);
        if (Log.TryTerm(agreed, out ulong term) && term == _state.Term)
            Log.TryCommit(agreed);
    }

    private void SendTimeoutNow(NodeId to) =>
        _state.Outbox.Send(new Message
        {
            Type = MessageType.TimeoutNow,
            To = to,
            From = _state.Id,
            Term = _state.Term,
        });

    private void SendHeartbeats(ReadOnlyMemory<byte> context)
    {
        foreach (Progress member in _state.Tracker.Members)
        {
            if (member.Id == _state.Id)
                continue;

            _state.Outbox.Send(new Message
            {
                Type = MessageType.Heartbeat,
                To = member.Id,
                From = _state.Id,
                Term = _state.Term,
                Commit = Math.Min(member.Match, Log.Committed), // never beyond what it is known to hold
                Context = context,
            });
        }
    }
}
