namespace Kv.Replication;

/// <summary>The store as the replica sees it: a lane that applies the committed entries of turns, in order, answers
/// the proposals among them, and reports each turn by <see cref="ReplicaEvent.Applied"/>.</summary>
public interface IStateMachine
{
    void Apply(Turn turn);

    /// <summary>Lets time pass; <paramref name="now"/> counts from any moment.</summary>
    void Tick(TimeSpan now);
}
