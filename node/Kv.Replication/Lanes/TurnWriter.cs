using Kv.Raft;
using Kv.Storage.Log;

namespace Kv.Replication;

/// <summary>Puts a turn into the log, in the order in which it must be there: the snapshot that replaces what was, the
/// entries after it, and the state that makes both count. A lane of any kind does the syncing.</summary>
public sealed class TurnWriter(LogWriter log, SnapshotFiles snapshots)
{
    public LogWriter Log => log;

    public void Append(Turn turn)
    {
        Output output = turn.Output;
        if (output.Snapshot is { } snapshot)
            snapshots.RecordReceived(log, snapshot);
        foreach (Entry entry in output.Entries)
            log.AppendEntry((int)entry.Type, entry.Term, entry.Index, entry.Data.Span);
        if (turn.HardState is { } state)
            log.AppendState(new LogState(state.Term, state.Vote.Value, state.Commit));
    }
}
