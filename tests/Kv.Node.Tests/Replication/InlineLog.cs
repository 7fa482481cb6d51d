using Kv.Raft;
using Kv.Replication;
using Kv.Storage.Log;

namespace Kv.Node.Tests.Replication;

/// <summary>A log lane that writes and syncs each turn at once.</summary>
internal sealed class InlineLog(LogWriter writer, Inbox inbox) : ILog
{
    public void Persist(Turn turn)
    {
        foreach (Entry entry in turn.Output.Entries)
            writer.AppendEntry((int)entry.Type, entry.Term, entry.Index, entry.Data.Span);
        if (turn.HardState is { } state)
            writer.AppendState(new LogState(state.Term, state.Vote.Value, state.Commit));
        writer.Sync();
        inbox.Post(ReplicaEvent.Persisted(turn));
    }

    public void Post(Action<LogWriter> task) => task(writer);
}
