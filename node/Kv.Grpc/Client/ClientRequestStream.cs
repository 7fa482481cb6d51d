using Grpc.Core;

namespace Kv.Grpc.Client;

/// <summary>Where a caller puts the messages of a call that sends many.</summary>
internal sealed class ClientRequestStream<TRequest, TResponse>(
    ClientCall<TRequest, TResponse> call,
    StreamingContent content) : IClientStreamWriter<TRequest>
    where TRequest : class
    where TResponse : class
{
    private bool _isWriting;
    private bool _isCompleted;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_isCompleted)
            throw new InvalidOperationException("Request stream has already been completed.");
        if (_isWriting)
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");

        _isWriting = true;
        try
        {
            bool compresses = WriteOptions?.Flags.HasFlag(WriteFlags.NoCompress) != true;
            ReadOnlyMemory<byte> frame = call.Frame(message, compresses);
            Stream stream = await content.Opened.WaitAsync(cancellationToken);
            await stream.WriteAsync(frame, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is not RpcException && !cancellationToken.IsCancellationRequested)
        {
            throw call.FailedWrite(fault);
        }
        finally
        {
            _isWriting = false;
        }
    }

    public Task CompleteAsync()
    {
        _isCompleted = true;
        content.Complete();
        return Task.CompletedTask;
    }
}
