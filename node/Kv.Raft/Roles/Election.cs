using System.Text;

namespace Kv.Raft;

/// <summary>How votes are asked for, given and counted.</summary>
internal sealed class Election(RaftState state)
{
    /// <summary>Says in a request that the leader itself wants this election, so that nobody's lease stands in its
    /// way (Raft thesis §3.10). The text is etcd's.</summary>
    private static readonly byte[] Transfer = Encoding.ASCII.GetBytes("CampaignTransfer");

    private static readonly Func<Progress, bool?> VoteOf = static member => member.Vote;

    public static bool IsTransfer(Message request) => request.Context.Span.SequenceEqual(Transfer);

    public void Forget()
    {
        foreach (Progress member in state.Tracker.Members)
            member.Vote = null;
    }

    public VoteResult Record(NodeId voter, bool isGranted)
    {
        if (state.Tracker.Find(voter) is { } member)
            member.Vote ??= isGranted;
        return state.Tracker.Quorum.Count(VoteOf);
    }

    /// <summary>Asks all other voters what they would say. Nothing is promised by asking, so nothing waits for the
    /// disk.</summary>
    public void AskPreVotes() =>
        ForEachOther(voter => state.Outbox.Send(
            Request(MessageType.PreVote, voter, term: state.Term + 1, context: default)));

    /// <summary>Asks all other voters for their votes, once the term and the log are on disk. Were a request to leave
    /// earlier and the node to crash, it could stand in the same term again with a shorter log, and be elected by a
    /// vote that was given to the longer one.</summary>
    public void AskVotes(bool isTransfer) =>
        ForEachOther(voter => state.Outbox.SendAfterPersist(
            Request(MessageType.Vote, voter, state.Term, isTransfer ? Transfer : default(ReadOnlyMemory<byte>))));

    /// <summary>Answers a request for a vote or a pre-vote; returns whether a vote was given.</summary>
    public bool OnRequest(Message request)
    {
        bool isPreVote = request.Type == MessageType.PreVote;

        // One vote in a term, and none once its leader is known. A pre-vote binds nobody, but is for a later term.
        bool isFree = state.Vote == request.From
            || (state.Vote == NodeId.None && state.Leader == NodeId.None)
            || (isPreVote && request.Term > state.Term);

        // A candidate whose log lacks an entry of ours could, once leader, overwrite one that is committed (§5.4.1).
        bool isGranted = isFree && new EntryId(request.LogTerm, request.Index) >= state.Log.LastId;
        if (isGranted && !isPreVote)
            state.Vote = request.From;

        // A vote told and then forgotten in a crash could be cast twice in a term, so the answer waits for the disk.
        state.Outbox.SendAfterPersist(new Message
        {
            Type = isPreVote ? MessageType.PreVoteResponse : MessageType.VoteResponse,
            To = request.From,
            From = state.Id,
            Term = isGranted ? request.Term : state.Term,
            Reject = !isGranted,
        });
        return isGranted && !isPreVote;
    }

    /// <summary>Refuses a pre-vote of an earlier term; the answer tells the asker of this one.</summary>
    public void Refuse(Message preVote) =>
        state.Outbox.SendAfterPersist(new Message
        {
            Type = MessageType.PreVoteResponse,
            To = preVote.From,
            From = state.Id,
            Term = state.Term,
            Reject = true,
        });

    private Message Request(MessageType type, NodeId voter, ulong term, ReadOnlyMemory<byte> context)
    {
        EntryId last = state.Log.LastId;
        return new Message
        {
            Type = type,
            To = voter,
            From = state.Id,
            Term = term,
            Index = last.Index,
            LogTerm = last.Term,
            Context = context,
        };
    }

    private void ForEachOther(Action<NodeId> act)
    {
        ConfState conf = state.Tracker.Conf;
        foreach (NodeId voter in conf.Voters.Union(conf.VotersOutgoing).Order())
        {
            if (voter != state.Id)
                act(voter);
        }
    }
}
