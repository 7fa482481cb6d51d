using Kv.Raft;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Peers;
using Kv.Store;

namespace Kv.Server.Membership;

/// <summary>Asks the leader, whoever that is, what only the leader can answer. Goes on until somebody answers or the
/// time is up: while there is an election under way, nobody does.</summary>
internal sealed class LeaderCalls(
    ReplicaView view, MemberBook members, PeerClient peers, TimeProvider time, TimeSpan patience)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public PeerClient Peers => peers;

    /// <summary>Runs <paramref name="here"/> if this member leads, else <paramref name="there"/> with a URL of the
    /// leader, until one of them has an answer (not null). Throws with etcd's status when the time is up.</summary>
    public async Task<T> AskAsync<T>(
        Func<Task<T?>> here, Func<Uri, CancellationToken, Task<T?>> there, CancellationToken cancelled)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        limit.CancelAfter(patience);
        try
        {
            while (true)
            {
                T? answer = view.IsLeader ? await here() : await TryThereAsync(there, limit.Token);
                if (answer is not null)
                    return answer;
                await Task.Delay(Pause, time, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            throw Refusal.ToException(view.Leader == NodeId.None ? KvError.NoLeader : KvError.Timeout);
        }
    }

    private async Task<T?> TryThereAsync<T>(Func<Uri, CancellationToken, Task<T?>> there, CancellationToken limit)
        where T : class
    {
        IReadOnlyList<string> urls = members.Find(view.Leader.Value)?.PeerUrls ?? [];
        foreach (string text in urls)
        {
            try
            {
                if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && await there(url, limit) is { } answer)
                    return answer;
            }
            catch (HttpRequestException)
            {
                // It may have just ceased to lead, or to run.
            }
        }

        return null;
    }
}
