using Kv.Raft;

namespace Kv.Replication;

/// <summary>The way to the other members. Sending never waits and never fails: what cannot be sent is dropped and
/// counted, and Raft repeats it. That something was dropped for sure is told by
/// <see cref="ReplicaEvent.Unreachable"/>.</summary>
public interface INetwork
{
    /// <summary>Sends a message of any kind but <see cref="MessageType.Snapshot"/>. The replica's lane.</summary>
    void Send(Message message);

    /// <summary>Sends a snapshot, which takes its time and may fail: either is told by
    /// <see cref="ReplicaEvent.SnapshotSent"/>, once for each. It belongs to the network from here on, which disposes
    /// it. Any thread.</summary>
    void SendSnapshot(OutgoingSnapshot snapshot);

    /// <summary>Whether there has been a connection to a member without a break for at least so long. Any
    /// thread.</summary>
    bool IsConnected(NodeId member, TimeSpan since);
}

/// <summary>The network of a member that is alone.</summary>
public sealed class NoNetwork : INetwork
{
    public void Send(Message message)
    {
        // Nobody is there.
    }

    public void SendSnapshot(OutgoingSnapshot snapshot) => snapshot.Dispose();

    public bool IsConnected(NodeId member, TimeSpan since) => false;
}
