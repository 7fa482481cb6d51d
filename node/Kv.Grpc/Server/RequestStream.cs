using System.Buffers;
using Grpc.Core;

namespace Kv.Grpc;

/// <summary>The messages of a client that sends many. A call that is given up ends it with an
/// <see cref="OperationCanceledException"/>, whatever gave it up.</summary>
internal sealed class RequestStream<T>(GrpcCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>, IDisposable
    where T : class
{
    private T? _current;
    private bool _isClosed;

    public T Current => _current ?? throw new InvalidOperationException("No current element is available.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        ReadOnlySequence<byte>? payload;
        try
        {
            payload = await call.Requests.ReadNextAsync(cancellationToken);
        }
        catch (IOException) when (call.Transport.Lifetime.RequestAborted.IsCancellationRequested)
        {
            throw new OperationCanceledException("The client has gone.", call.CancellationToken);
        }

        if (payload is not { } message)
        {
            _current = null;
            return false;
        }

        _current = call.Deserialize(marshaller, message, "grpc: failed to unmarshal the received message");
        call.Requests.Release();
        return true;
    }

    public void Dispose() => _isClosed = true;
}
