namespace Kv.Replication;

/// <summary>Times are in ticks, which are heartbeat intervals.</summary>
/// <param name="TickInterval">How long a tick lasts.</param>
/// <param name="RequestTicksMax">How long a request may wait for its outcome: 5 s and two election timeouts in
/// etcd.</param>
/// <param name="ReadRetryTicks">After which an unanswered round of reading is asked again: 500 ms in etcd.</param>
/// <param name="CatchUpEntries">Entries kept in memory below a snapshot, so that a member that is a little behind need
/// not be sent the whole store.</param>
public sealed record ReplicaOptions(
    TimeSpan TickInterval, int RequestTicksMax, int ReadRetryTicks, ulong CatchUpEntries)
{
    /// <summary>As in <see cref="Raft.RaftOptions.ElectionTicks"/>.</summary>
    public int ElectionTicks { get; init; } = 10;

    /// <summary>For how long after a snapshot was sent the log is kept from it on: 30 s in etcd.</summary>
    public TimeSpan SnapshotKept { get; init; } = TimeSpan.FromSeconds(30);
}
