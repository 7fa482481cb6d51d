using Kv.Raft;

namespace Kv.Replication;

/// <summary>A question for a whole picture of Raft, all of one moment; on a leader it has the progress of each
/// member. Rarely asked: <see cref="ReplicaView"/> has what is needed often.</summary>
public sealed class StatusQuery
{
    private readonly TaskCompletionSource<RaftStatus> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<RaftStatus> Done => _done.Task;

    internal void Answer(RaftStatus status) => _done.TrySetResult(status);
}
