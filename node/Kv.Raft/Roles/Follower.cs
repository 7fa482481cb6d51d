namespace Kv.Raft;

/// <summary>How a node takes in what the leader of its term sends. Every answer about the log is a promise and waits
/// for the disk; the answer to a heartbeat says nothing of the log and does not.</summary>
internal sealed class Follower(RaftState state)
{
    private RaftLog Log => state.Log;

    public void OnAppend(Message message)
    {
        if (!IsWellFormed(message))
            return;

        if (message.Index < Log.Committed)
        {
            // An old message. What is committed cannot differ, so say how far that is instead of looking.
            Accept(message.From, Log.Committed);
            return;
        }

        ReadOnlySpan<Entry> entries = message.Entries.Span;
        if (Log.TryAppend(new EntryId(message.LogTerm, message.Index), entries, state.Dropped))
        {
            ulong last = message.Index + (ulong)entries.Length;
            Log.TryCommit(Math.Min(message.Commit, last)); // beyond it this log may hold what the leader's does not
            Accept(message.From, last);
            return;
        }

        // Where a leader may look next: no later entry of this log can agree with its own (see FindConflict), so one
        // answer skips a whole term of entries that differ instead of one of them (§5.3).
        EntryId hint = Log.FindConflict(Math.Min(message.Index, Log.LastIndex), message.LogTerm);
        state.Outbox.SendAfterPersist(new Message
        {
            Type = MessageType.AppendResponse,
            To = message.From,
            From = state.Id,
            Term = state.Term,
            Index = message.Index,
            Reject = true,
            RejectHint = hint.Index,
            LogTerm = hint.Term,
        });
    }

    public void OnHeartbeat(Message message)
    {
        if (message.Commit > Log.LastIndex)
        {
            RaftSafetyException.Throw(
                $"leader {message.From} of term {message.Term} knows this node to hold entry {message.Commit}, but its "
                + $"log ends at {Log.LastIndex}");
        }

        Log.TryCommit(message.Commit);
        state.Outbox.Send(new Message
        {
            Type = MessageType.HeartbeatResponse,
            To = message.From,
            From = state.Id,
            Term = state.Term,
            Context = message.Context,
        });
    }

    public void OnSnapshot(Message message)
    {
        if (message.Snapshot is { } snapshot)
            Accept(message.From, TryRestore(snapshot) ? Log.LastIndex : Log.Committed);
    }

    private bool TryRestore(Snapshot snapshot)
    {
        if (snapshot.Id.Index <= Log.Committed)
            return false;

        // A snapshot of a cluster that this node is no part of is not for it.
        ConfState conf = snapshot.Conf;
        if (!conf.Voters.Contains(state.Id) && !conf.Learners.Contains(state.Id)
            && !conf.VotersOutgoing.Contains(state.Id))
        {
            return false;
        }

        if (Log.Contains(snapshot.Id))
        {
            // The log has all that the snapshot stands for: only that it is committed is news.
            Log.TryCommit(snapshot.Id.Index);
            return false;
        }

        Log.Restore(snapshot, state.Dropped);
        state.Tracker.Switch(conf, Log.LastIndex);
        return true;
    }

    private void Accept(NodeId leader, ulong index) =>
        state.Outbox.SendAfterPersist(new Message
        {
            Type = MessageType.AppendResponse,
            To = leader,
            From = state.Id,
            Term = state.Term,
            Index = index,
        });

    /// <summary>Whether the entries follow each other, with terms as a log of that leader can have them.</summary>
    private static bool IsWellFormed(Message message)
    {
        var previous = new EntryId(message.LogTerm, message.Index);
        foreach (ref readonly Entry entry in message.Entries.Span)
        {
            if (entry.Index != previous.Index + 1 || entry.Term < previous.Term)
                return false;
            previous = entry.Id;
        }

        return previous.Term <= message.Term;
    }
}
