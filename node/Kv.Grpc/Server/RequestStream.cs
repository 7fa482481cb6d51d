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
        if (await call.Requests.ReadNextAsync(cancellationToken) is not { } message)
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
