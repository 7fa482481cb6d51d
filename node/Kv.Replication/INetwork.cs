using Kv.Raft;

namespace Kv.Replication;

/// <summary>The way to the other members. Sending never waits and never fails: what cannot be sent is dropped and
/// counted, and Raft repeats it.</summary>
public interface INetwork
{
    void Send(Message message);
}

/// <summary>The network of a member that is alone.</summary>
public sealed class NoNetwork : INetwork
{
    public void Send(Message message)
    {
        // Nobody is there.
    }
}
