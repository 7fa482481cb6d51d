using Kv.Replication;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Makes sure that what a read finds here is no older than anything acknowledged before the read came. A lone
/// voter knows that without asking; else readers that come together share one round of asking.</summary>
internal sealed class LinearizableReads(Inbox inbox, ReplicaView view)
{
    private readonly Lock _gate = new();
    private ReadBatch? _gathering;

    /// <summary>Whether there is no need to wait.</summary>
    public bool IsConfirmed => view.ReadsLocally;

    /// <summary>Returns when the store here holds all that was acknowledged before the call; throws with etcd's
    /// status if that cannot be found out.</summary>
    public ValueTask ConfirmAsync() => view.ReadsLocally ? ValueTask.CompletedTask : AskAsync();

    private async ValueTask AskAsync()
    {
        ReadBatch batch;
        lock (_gate)
        {
            // A batch is closed when the replica takes it in hand; those that come later need a round of their own.
            if (_gathering is not { IsOpen: true })
            {
                _gathering = new ReadBatch();
                inbox.Post(ReplicaEvent.Read(_gathering));
            }

            batch = _gathering;
        }

        switch (await batch.Done)
        {
            case ReadOutcome.LeaderChanged:
                throw Refusal.ToException(KvError.LeaderChanged);
            case ReadOutcome.TimedOut:
                throw Refusal.ToException(KvError.Timeout);
            default:
                return;
        }
    }
}
