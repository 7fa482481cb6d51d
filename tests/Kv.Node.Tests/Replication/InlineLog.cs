using Kv.Replication;
using Kv.Storage.Log;

namespace Kv.Node.Tests.Replication;

/// <summary>A log lane that writes and syncs each turn at once.</summary>
internal sealed class InlineLog(TurnWriter writer, Inbox inbox) : ILog
{
    public void Persist(Turn turn)
    {
        writer.Append(turn);
        writer.Log.Sync();
        inbox.Post(ReplicaEvent.Persisted(turn));
    }

    public void Post(Action<LogWriter> task) => task(writer.Log);
}
