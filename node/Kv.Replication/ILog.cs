namespace Kv.Replication;

/// <summary>The write-ahead log as the replica sees it: a lane that makes turns durable, in order, and reports each
/// by <see cref="ReplicaEvent.Persisted"/>. Turns that wait together share one sync.</summary>
public interface ILog
{
    void Persist(Turn turn);
}
