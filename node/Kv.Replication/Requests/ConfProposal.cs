using Kv.Raft;
using Kv.Store;

namespace Kv.Replication;

/// <summary>A change of the membership on its way through the log, and who waits for its outcome.</summary>
public sealed class ConfProposal(ConfChange change)
{
    private readonly TaskCompletionSource<KvError> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConfChange Change { get; } = change;

    public Task<KvError> Done => _done.Task;

    /// <summary>In ticks of the replica.</summary>
    internal long Deadline { get; set; }

    internal void Finish(KvError error) => _done.TrySetResult(error);
}
