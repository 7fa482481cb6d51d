using System.IO.Pipelines;
using Grpc.Core;

namespace Kv.Grpc;

/// <summary>The messages of a server that sends many. A write completes when the client has made room for more, so at
/// most one message of a slow client waits here. Writing to a client that has gone throws
/// <see cref="OperationCanceledException"/>.</summary>
internal sealed class ResponseStream<T>(GrpcCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>, IDisposable
    where T : class
{
    // What is written with BufferHint may wait for company, up to this much.
    private const int HintedMaxBytes = 32 * 1024;

    private bool _isWriting;
    private bool _isClosed;
    private long _waitingBytes;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (_isWriting)
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        cancellationToken.ThrowIfCancellationRequested();

        Serialize(message);
        WriteFlags flags = (WriteOptions ?? call.WriteOptions)?.Flags ?? default;
        if (flags.HasFlag(WriteFlags.BufferHint) && _waitingBytes < HintedMaxBytes)
            return Task.CompletedTask;

        _waitingBytes = 0;
        ValueTask<FlushResult> flush = call.Transport.ResponseBody.Writer.FlushAsync(Patience(cancellationToken));
        if (!flush.IsCompletedSuccessfully)
            return WaitAsync(flush);
        Check(flush.Result);
        return Task.CompletedTask;
    }

    public void Dispose() => _isClosed = true;

    private void Serialize(T message)
    {
        bool isWhole = false;
        try
        {
            marshaller.ContextualSerializer(message, call.Reply.Context);
            _waitingBytes += call.Reply.Length;
            call.FinishReply();
            isWhole = true;
        }
        finally
        {
            if (!isWhole && !call.Reply.TryDiscard())
                call.Transport.Reset(); // half a message is in the stream, and nothing can follow it
        }
    }

    // A client that does not read its answers must not hold a call beyond its deadline.
    private CancellationToken Patience(CancellationToken given) =>
        given.CanBeCanceled || !call.HasDeadline ? given : call.CancellationToken;

    private async Task WaitAsync(ValueTask<FlushResult> flush)
    {
        _isWriting = true;
        try
        {
            Check(await flush);
        }
        finally
        {
            _isWriting = false;
        }
    }

    private void Check(FlushResult flushed)
    {
        if (flushed.IsCompleted)
            throw new OperationCanceledException("The client has gone.", call.CancellationToken);
    }
}
