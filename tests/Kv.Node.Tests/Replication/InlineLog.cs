using Kv.Replication;
using Kv.Storage.Log;

namespace Kv.Node.Tests.Replication;

/// <summary>A log lane that writes and syncs each turn at once.</summary>
internal sealed class InlineLog(TurnWriter writer, Inbox inbox) : ILog
{
    /// <summary>Called before anything is written.</summary>
    public Action Writing { get; set; } = () => { };

    public void Persist(Turn turn)
    {
        Writing();
        writer.Append(turn);
        writer.Log.Sync();
        inbox.Post(ReplicaEvent.Persisted(turn));
    }

    public void Post(Action<LogWriter> task) => task(writer.Log);
}
