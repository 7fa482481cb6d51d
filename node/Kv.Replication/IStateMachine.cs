using Kv.Raft;

namespace Kv.Replication;

/// <summary>The store as the replica sees it: a lane that applies the committed entries of turns, in order, answers
/// the proposals among them, and reports each turn by <see cref="ReplicaEvent.Applied"/>.</summary>
public interface IStateMachine
{
    /// <summary>Requests that will come back as entries which do not lead to them.</summary>
    ForwardedRequests Forwarded { get; }

    /// <summary>Applies a turn's entries; or, if it has a snapshot, replaces the store by it, once that is in the
    /// log.</summary>
    void Apply(Turn turn);

    /// <summary>Makes ready the snapshot that Raft wants to be sent, beside all other work, and passes it to
    /// <paramref name="ready"/> on any thread; or reports that it cannot be sent by
    /// <see cref="ReplicaEvent.SnapshotSent"/>.</summary>
    void TakeSnapshot(Message wanted, Action<OutgoingSnapshot> ready);

    /// <summary>Lets time pass; <paramref name="now"/> counts from any moment.</summary>
    void Tick(TimeSpan now);
}
