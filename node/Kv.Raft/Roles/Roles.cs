namespace Kv.Raft;

/// <summary>Which role this node plays, and the rules by which that changes: terms, timeouts and elections. What a
/// role does with its messages is the matter of <see cref="Leader"/> and <see cref="Follower"/>.</summary>
internal sealed class Roles
{
    private readonly RaftState _state;
    private readonly Election _election;
    private readonly Follower _follower;
    private readonly Leader _leader;
    private readonly Forwarder _forwarder;

    private int _electionElapsed;
    private int _heartbeatElapsed;
    private int _electionTimeout;

    public Roles(RaftState state, Leader leader, Forwarder forwarder)
    {
        _state = state;
        _election = new Election(state);
        _follower = new Follower(state);
        _leader = leader;
        _forwarder = forwarder;
        BecomeFollower(Term, NodeId.None);
    }

    private NodeId Id => _state.Id;

    private ulong Term => _state.Term;

    private RaftRole Role => _state.Role;

    public void Tick()
    {
        _electionElapsed++;
        if (Role == RaftRole.Leader)
        {
            TickLeader();
        }
        else if (_electionElapsed >= _electionTimeout && CanCampaign())
        {
            _electionElapsed = 0;
            DrawElectionTimeout();
            Campaign();
        }
    }

    public void Step(Message message)
    {
        if (!message.IsSane || !IsForThisTerm(message))
            return;

        if (message.Type is MessageType.Vote or MessageType.PreVote)
        {
            if (_election.OnRequest(message))
                _electionElapsed = 0;
        }
        else if (Role == RaftRole.Leader)
        {
            StepLeader(message);
        }
        else
        {
            StepOther(message);
        }
    }

    public bool Campaign()
    {
        if (Role == RaftRole.Leader || !CanCampaign() || _state.Log.HasUnappliedConfChange())
            return false;

        if (_state.Options.PreVote)
            BecomePreCandidate();
        else
            BecomeCandidate(isTransfer: false);
        return true;
    }

    /// <summary>Counts this node's own vote, now that it is on disk.</summary>
    public void OnPersisted(in PendingWrite write)
    {
        if (Role == RaftRole.Candidate && write.Term == Term && write.Vote == Id)
            OnVote(Id, isGranted: true);
    }

    /// <summary>Gives up leadership, with nobody known to take it.</summary>
    public void StepDown() => BecomeFollower(Term, NodeId.None);

    /// <summary>Compares the message's term with this node's, which follows if it is behind (§5.1). False if the
    /// message is to go no further.</summary>
    private bool IsForThisTerm(Message message)
    {
        if (message.Term == 0)
            return message.Type is MessageType.Propose or MessageType.ReadIndex or MessageType.TransferLeader;
        if (message.Term > Term)
            return IsForLaterTerm(message);
        if (message.Term < Term)
            AnswerFromLaterTerm(message);
        return message.Term == Term;
    }

    private bool IsForLaterTerm(Message message)
    {
        bool asksForVote = message.Type is MessageType.Vote or MessageType.PreVote;
        if (asksForVote && HasLease && !Election.IsTransfer(message))
            return false; // Its asker lost touch, but the leader is alive (thesis §4.2.3).

        // A pre-vote and its consent are of a term that may never come.
        bool isHypothetical = message.Type == MessageType.PreVote
            || (message.Type == MessageType.PreVoteResponse && !message.Reject);
        if (!isHypothetical)
            BecomeFollower(message.Term, IsFromLeader(message) ? message.From : NodeId.None);
        return true;
    }

    /// <summary>Tells a sender of an earlier term of this one, where it may not learn of it otherwise: a leader whose
    /// messages are only ignored could not be unseated either, since by lease its followers ignore requests for
    /// votes, and this node, having pre-votes, makes none.</summary>
    private void AnswerFromLaterTerm(Message message)
    {
        if (message.Type == MessageType.PreVote)
        {
            _election.Refuse(message);
        }
        else if (message.Type is MessageType.Append or MessageType.Heartbeat
            && (_state.Options.CheckQuorum || _state.Options.PreVote))
        {
            _state.Outbox.SendAfterPersist(new Message
            {
                Type = MessageType.AppendResponse,
                To = message.From,
                From = Id,
                Term = Term,
            });
        }
    }

    private bool HasLease =>
        _state.Options.CheckQuorum
        && _state.Leader != NodeId.None
        && _electionElapsed < _state.Options.ElectionTicks;

    private static bool IsFromLeader(Message message) =>
        message.Type is MessageType.Append or MessageType.Heartbeat or MessageType.Snapshot;

    private void StepLeader(Message message)
    {
        switch (message.Type)
        {
            case MessageType.AppendResponse:
                _leader.OnAppendResponse(message);
                break;
            case MessageType.HeartbeatResponse:
                _leader.OnHeartbeatResponse(message);
                break;
            case MessageType.Propose:
                _leader.OnPropose(message);
                break;
            case MessageType.ReadIndex when ReadContext.TryGet(message, out ReadOnlyMemory<byte> context):
                _leader.TryAskRead(new ReadRequest(message.From, Context: 0, context));
                break;
            case MessageType.TransferLeader:
                BeginTransfer(message.From);
                break;
            default:
                break; // late, or meant for another role
        }
    }

    private void StepOther(Message message)
    {
        if (IsFromLeader(message))
        {
            StepFollower(message);
            return;
        }

        switch (message.Type)
        {
            case MessageType.VoteResponse when Role == RaftRole.Candidate:
            case MessageType.PreVoteResponse when Role == RaftRole.PreCandidate && IsForThisPreVote(message):
                OnVote(message.From, isGranted: !message.Reject);
                break;
            case MessageType.TimeoutNow when Role == RaftRole.Follower && CanCampaign():
                // The leader wants it: no need to ask whether an election may be held.
                if (!_state.Log.HasUnappliedConfChange())
                    BecomeCandidate(isTransfer: true);
                break;
            case MessageType.ReadIndexResponse when ReadContext.TryGetNumber(message, out ulong? context):
                _state.ReadStates.Add(new ReadState(context.Value, message.Index));
                break;
            case MessageType.Propose or MessageType.ReadIndex or MessageType.TransferLeader:
                _forwarder.Relay(message);
                break;
            default:
                break; // late, or meant for another role
        }
    }

    private void StepFollower(Message message)
    {
        if (Role != RaftRole.Follower)
            BecomeFollower(Term, message.From); // another was elected
        _electionElapsed = 0;
        _state.Leader = message.From;

        if (message.Type == MessageType.Append)
            _follower.OnAppend(message);
        else if (message.Type == MessageType.Heartbeat)
            _follower.OnHeartbeat(message);
        else
            _follower.OnSnapshot(message);
    }

    // A consent names the term asked for, so that one to an earlier question does not count.
    private bool IsForThisPreVote(Message response) => response.Term == (response.Reject ? Term : Term + 1);

    private void OnVote(NodeId voter, bool isGranted)
    {
        VoteResult result = _election.Record(voter, isGranted);
        if (result == VoteResult.Lost)
            BecomeFollower(Term, NodeId.None);
        else if (result == VoteResult.Won && Role == RaftRole.PreCandidate)
            BecomeCandidate(isTransfer: false);
        else if (result == VoteResult.Won)
            BecomeLeader();
    }

    // A node that is yet to take in a snapshot does not know who may vote after it.
    private bool CanCampaign() => _state.Tracker.SelfIsVoter && !_state.Log.IsRestoring;

    private void TickLeader()
    {
        if (_electionElapsed >= _state.Options.ElectionTicks)
        {
            _electionElapsed = 0;
            _leader.AbortTransfer(); // it took too long
            if (_state.Options.CheckQuorum && !_leader.CheckQuorum())
            {
                BecomeFollower(Term, NodeId.None);
                return;
            }
        }

        _heartbeatElapsed++;
        if (_heartbeatElapsed >= _state.Options.HeartbeatTicks)
        {
            _heartbeatElapsed = 0;
            _leader.SendHeartbeats();
            _leader.LeaveJointIfDue();
        }
    }

    public void BeginTransfer(NodeId to)
    {
        NodeId before = _leader.TransferTo;
        _leader.BeginTransfer(to);
        if (_leader.TransferTo != before)
            _electionElapsed = 0; // It has one election timeout from now.
    }

    private void BecomeFollower(ulong term, NodeId leader)
    {
        Reset(term);
        _state.Leader = leader;
        _state.Role = RaftRole.Follower;
    }

    private void BecomePreCandidate()
    {
        // Term and vote stay: nothing is changed by asking.
        _state.Role = RaftRole.PreCandidate;
        _state.Leader = NodeId.None;
        _election.Forget();
        _election.AskPreVotes();
        OnVote(Id, isGranted: true);
    }

    private void BecomeCandidate(bool isTransfer)
    {
        Reset(Term + 1);
        _state.Vote = Id; // counts once it is on disk: see OnPersisted
        _state.Role = RaftRole.Candidate;
        _election.AskVotes(isTransfer);
    }

    private void BecomeLeader()
    {
        Invariant.Require(Role == RaftRole.Candidate);
        Reset(Term);
        _state.Leader = Id;
        _state.Role = RaftRole.Leader;
        _leader.TakeOffice();
    }

    private void Reset(ulong term)
    {
        Invariant.Require(term >= Term);
        if (term != Term)
        {
            _state.Term = term;
            _state.Vote = NodeId.None;
        }

        _state.Leader = NodeId.None;
        _electionElapsed = 0;
        _heartbeatElapsed = 0;
        DrawElectionTimeout();
        _leader.Reset();
        _state.Tracker.Reset(_state.Log.LastIndex);
    }

    // By chance, so that of several followers mostly one asks first (§5.2).
    private void DrawElectionTimeout()
    {
        int ticks = _state.Options.ElectionTicks;
        _electionTimeout = ticks + _state.Options.Random.Next(ticks);
    }
}
