using Kv.Storage.Log;

namespace Kv.Replication;

/// <summary>The write-ahead log as the replica sees it: a lane that makes turns durable, in order, and reports each
/// by <see cref="ReplicaEvent.Persisted"/>. Turns that wait together share one sync.</summary>
public interface ILog
{
    void Persist(Turn turn);

    /// <summary>Does something else with the log between two batches: records a snapshot, purges segments.</summary>
    void Post(Action<LogWriter> task);
}
