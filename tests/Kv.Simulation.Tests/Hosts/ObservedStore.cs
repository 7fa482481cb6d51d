using Kv.Raft;
using Kv.Replication;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>Stands between a replica and its store and shows what is applied to whoever compares members.</summary>
internal sealed class ObservedStore(
    IStateMachine store, Action<IReadOnlyList<Entry>> onCommitted, Action<Message, Action> onWanted) : IStateMachine
{
    public ForwardedRequests Forwarded => store.Forwarded;

    public void Apply(Turn turn)
    {
        onCommitted(turn.Output.Committed);
        store.Apply(turn);
    }

    public void TakeSnapshot(Message wanted, Action<OutgoingSnapshot> ready) =>
        onWanted(wanted, () => store.TakeSnapshot(wanted, ready));

    public void Tick(TimeSpan now) => store.Tick(now);
}
