namespace Kv.Raft;

/// <summary>Which role this node plays, and the rules by which that changes: terms, timeouts and elections. What a
/// role does with its messages is the matter of <see cref="Leader"/> and <see cref="Follower"/>.</summary>
internal sealed class Roles
{
    // For so long after it has asked a node counts as asking at the same time as others.
    private const int CollisionTicks = 1;

    // A leader that was not heard for so long is silent; one heartbeat may be late.
    private const int SilentHeartbeats = 2;

    private readonly RaftState _state;
    private readonly Election _election;
    private readonly Follower _follower;
    private readonly Leader _leader;
    private readonly Forwarder _forwarder;

    private int _electionElapsed;
    private int _heartbeatElapsed;
    private int _electionTimeout;
    private int _askedElapsed;

    // The leader that this node knows to have ended, until it hears of it or of another.
    private NodeId _ended;

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
        _askedElapsed++;
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
            else if (message.Type == MessageType.PreVote)
                OnPreVote(message);
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

    /// <summary>Nothing listens where this node lives. If that was the leader, and it is silent too, its process has
    /// ended, and there is no need to wait an election timeout for it: whoever finds out asks for pre-votes, again with
    /// each report until others have found out as well, and consents to such. Nothing is promised by that, so a report
    /// that is wrong unseats nobody: the others still hear the leader, and by their lease ignore who asks. etcd
    /// waits.</summary>
    public void OnRefused(NodeId id)
    {
        bool isLeader = id == (Role == RaftRole.PreCandidate ? _ended : _state.Leader);
        bool isSilent = _electionElapsed >= SilentHeartbeats * _state.Options.HeartbeatTicks;
        if (id == NodeId.None || id == Id || !isLeader || !isSilent || !_state.Options.PreVote)
            return;

        // The clock runs on: if nobody consents, this node asks again when it would have asked without all this.
        _ended = id;
        if (CanCampaign() && !_state.Log.HasUnappliedConfChange())
            BecomePreCandidate();
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
        && _ended == NodeId.None
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
        _ended = NodeId.None;

        if (message.Type == MessageType.Append)
            _follower.OnAppend(message);
        else if (message.Type == MessageType.Heartbeat)
            _follower.OnHeartbeat(message);
        else
            _follower.OnSnapshot(message);
    }

    /// <summary>Makes elections quicker than chance does, of which etcd lets them depend; nothing is promised by a
    /// pre-vote, so nothing is risked. Two that ask at the same time would both be consented to, stand against each
    /// other and wait for another timeout: the one with less in its log, or the lower name, lets the other go first.
    /// And whoever is asked by one that lacks entries cannot be led by that one, so it need not wait its own time out
    /// before it asks: the leader is gone for a majority, or its lease would have ended this earlier.</summary>
    private void OnPreVote(Message request)
    {
        int order = new EntryId(request.LogTerm, request.Index).CompareTo(_state.Log.LastId);
        bool hasJustAsked = Role == RaftRole.PreCandidate && _askedElapsed <= CollisionTicks;
        if (hasJustAsked && (order > 0 || (order == 0 && request.From.Value > Id.Value)))
            BecomeFollower(Term, NodeId.None);
        else if (Role == RaftRole.Follower && order < 0 && _state.Options is { PreVote: true, CheckQuorum: true })
            _electionElapsed = Math.Max(_electionElapsed, _electionTimeout);
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
        _askedElapsed = 0;
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
        _ended = NodeId.None;
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
