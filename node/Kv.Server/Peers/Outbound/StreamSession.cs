using System.IO.Pipelines;
using Kv.Raft;
using Kv.Server.Peers.Wire;

namespace Kv.Server.Peers.Outbound;

/// <summary>One stream while one connection of the peer's holds it: what is queued for it is written in batches, each
/// with one flush.</summary>
/// <param name="abort">Breaks the connection, so that a write that is stuck ends.</param>
internal sealed class StreamSession(PeerScope peer, StreamKind kind, Action abort) : IWatchedLink
{
    // What may be written before the connection must have taken it.
    private const long UnflushedBytesMax = 256 * 1024;

    private readonly MessageQueue _queue = new(peer.Options.StreamQueueMax);
    private readonly IStreamEncoder _encoder = kind.CreateEncoder(peer.Options.Style);
    private readonly TimeProvider _time = peer.Options.Time;
    private long _flushingSince;
    private long _unflushed;
    private int _ticks;
    private volatile string _reason = "the peer closed it";

    /// <summary>Why it ended, for the log.</summary>
    public string Reason => _reason;

    public QueueOutcome TrySend(Message message) => _queue.TryAdd(message);

    /// <summary>Writes until the connection ends or <see cref="Close"/> is called. What could not be written is
    /// lost.</summary>
    public async Task RunAsync(PipeWriter output, CancellationToken disconnected)
    {
        Message[] batch = [];
        int count = 0;
        try
        {
            await using CancellationTokenRegistration closing = disconnected.Register(_queue.Close);
            while (true)
            {
                await _queue.WaitAsync();
                if (!_queue.Take(ref batch, out count, out bool isHeartbeatDue))
                    break;
                if (isHeartbeatDue)
                    _unflushed += _encoder.WriteHeartbeat(output);
                if (!await WriteAsync(output, batch.AsMemory(0, count)))
                    break;
                Array.Clear(batch, 0, count);
                count = 0;
            }
        }
        finally
        {
            _queue.Close();
            _queue.Take(ref batch, out int left, out _);
            if (count + left > 0)
                peer.OnLost();
        }
    }

    /// <summary>Ends it, also in the midst of a write.</summary>
    public void Close(string reason)
    {
        _reason = reason;
        _queue.Close();
        abort();
    }

    public void OnTick()
    {
        long since = Volatile.Read(ref _flushingSince);
        _ticks++;
        if (since != 0 && _time.GetElapsedTime(since) > peer.Options.WriteTimeout)
            Close("writing took too long");
        else if (_ticks % LinkWatch.HeartbeatTicks == 0)
            _queue.AskHeartbeat();
    }

    private async ValueTask<bool> WriteAsync(PipeWriter output, ReadOnlyMemory<Message> batch)
    {
        for (int at = 0; at < batch.Length; at++)
        {
            _unflushed += _encoder.Write(output, batch.Span[at]);
            if (_unflushed >= UnflushedBytesMax && !await FlushAsync(output))
                return false;
        }

        return _unflushed == 0 || await FlushAsync(output);
    }

    // False if the peer has gone.
    private async ValueTask<bool> FlushAsync(PipeWriter output)
    {
        long bytes = _unflushed;
        _unflushed = 0;
        ValueTask<FlushResult> flushing = output.FlushAsync();
        FlushResult result;
        if (flushing.IsCompletedSuccessfully)
        {
            result = flushing.Result;
        }
        else
        {
            Volatile.Write(ref _flushingSince, Math.Max(1, _time.GetTimestamp()));
            result = await flushing;
            Volatile.Write(ref _flushingSince, 0);
        }

        peer.Options.Observer.OnSent(peer.Id, bytes);
        return !result.IsCompleted && !result.IsCanceled;
    }
}
