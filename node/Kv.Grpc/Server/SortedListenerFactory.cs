using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Kv.Grpc;

/// <summary>Gives Kestrel its listeners: halves of ports where those were asked for, plain sockets otherwise.</summary>
internal sealed class SortedListenerFactory(IConnectionListenerFactory sockets) : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        endpoint is SortedEndPoint half
            ? ValueTask.FromResult<IConnectionListener>(new SortedListener(half))
            : sockets.BindAsync(endpoint, cancellationToken);
}
