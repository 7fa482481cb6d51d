namespace Kv.Raft;

/// <summary>Sends the log to the followers: once for each output and not once for each proposal, so that all that was
/// proposed together travels together.</summary>
internal sealed class AppendSender(RaftState state, Func<Snapshot> currentSnapshot)
{
    private RaftLog Log => state.Log;

    public void SendToAll()
    {
        foreach (Progress member in state.Tracker.Members)
        {
            if (member.Id != state.Id)
                SendTo(member);
        }
    }

    private void SendTo(Progress follower)
    {
        while (!follower.IsPaused)
        {
            if (!Log.TryTerm(follower.Next - 1, out ulong previousTerm))
            {
                SendSnapshot(follower);
                return;
            }

            ReadOnlyMemory<Entry> entries =
                follower.IsThrottled ? default : Log.Slice(follower.Next, state.Options.MessageBytesMax);
            if (entries.IsEmpty && !follower.IsProbeDue && !follower.LacksCommit(Log.Committed))
                return;

            state.Outbox.Send(new Message
            {
                Type = MessageType.Append,
                To = follower.Id,
                From = state.Id,
                Term = state.Term,
                Index = follower.Next - 1,
                LogTerm = previousTerm,
                Entries = entries,
                Commit = Log.Committed,
            });
            follower.OnAppendSent(entries.Length, BytesOf(entries.Span), Log.Committed);
        }
    }

    private void SendSnapshot(Progress follower)
    {
        if (!follower.IsActive)
            return; // it costs too much to be sent to a node that may be down

        Snapshot snapshot = currentSnapshot();
        follower.BecomeSnapshot(snapshot.Id.Index);
        state.Outbox.Send(new Message
        {
            Type = MessageType.Snapshot,
            To = follower.Id,
            From = state.Id,
            Term = state.Term,
            Snapshot = snapshot,
        });
    }

    private static long BytesOf(ReadOnlySpan<Entry> entries)
    {
        long bytes = 0;
        foreach (ref readonly Entry entry in entries)
            bytes += entry.Bytes;
        return bytes;
    }
}
