using System.Diagnostics;
using Kv.Replication;
using Kv.Server.Logging;
using Kv.Server.Observers;
using Kv.Server.Tracing;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Makes sure that what a read finds here is no older than anything acknowledged before the read came. A lone
/// voter knows that without asking; else readers that come together share one round of asking.</summary>
internal sealed class LinearizableReads(
    Inbox inbox, ReplicaView view, TimeSpan patience, Observation observation)
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
        bool isFirst;
        lock (_gate)
        {
            // A batch is closed when the replica takes it in hand; those that come later need a round of their own.
            isFirst = _gathering is not { IsOpen: true };
            if (isFirst)
            {
                _gathering = new ReadBatch();
                inbox.Post(ReplicaEvent.Read(_gathering));
            }

            batch = _gathering!;
        }

        using Activity? waiting = Spans.BeginChild("read_index");
        ReadOutcome outcome = await batch.Done;
        if (isFirst)
            Count(outcome);
        switch (outcome)
        {
            case ReadOutcome.LeaderChanged:
                throw Refusal.ToException(KvError.LeaderChanged);
            case ReadOutcome.TimedOut:
                throw Refusal.ToException(KvError.Timeout);
            default:
                return;
        }
    }

    // Rounds are counted, not those who share them.
    private void Count(ReadOutcome outcome)
    {
        switch (outcome)
        {
            case ReadOutcome.LeaderChanged:
                observation.Metrics.Server.Proposals.FailedReadIndexes.Increment();
                break;
            case ReadOutcome.TimedOut:
                observation.Metrics.Server.Proposals.SlowReadIndexes.Increment();
                Log.TimedOutReadIndex(observation.Log, patience);
                break;
        }
    }
}
