using System.IO.Pipelines;

namespace Kv.Kubernetes.Client;

/// <summary>Ends a read that has waited too long for a byte: a connection that was dropped without a word looks like a
/// server with nothing to say.</summary>
internal sealed class IdleLimit(TimeSpan max, TimeProvider time)
{
    /// <exception cref="IOException">Nothing came for too long.</exception>
    public async ValueTask<ReadResult> WatchAsync(PipeReader pipe, CancellationToken cancelled)
    {
        using var limit = new CancellationTokenSource(max, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancelled, limit.Token);
        try
        {
            return await pipe.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancelled.IsCancellationRequested)
        {
            throw new IOException($"Nothing was heard of the server for {max.TotalSeconds} s.");
        }
    }
}
