using Kv.Raft;
using Kv.Replication;
using Kv.Storage.Log;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>What all members of a cluster are started with.</summary>
/// <param name="Raft">Its limits; a member puts in its own name and chance.</param>
internal sealed record HostOptions(
    LogOptions Log, CheckpointOptions Checkpoints, ReplicaOptions Replica, RaftOptions Raft)
{
    /// <summary>Whether a snapshot is sent as etcd does it: the message tells of the entries there were when it was
    /// wanted, and the page file is as it is when it goes, which is later.</summary>
    public bool SendsSnapshotsLate { get; init; }

    /// <summary>Whether a host without a process answers that nothing listens there, as a machine does whose process
    /// has ended; else it is silent, as a machine without power.</summary>
    public bool RefusesWhenEnded { get; init; }
}
