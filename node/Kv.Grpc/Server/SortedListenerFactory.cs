using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Kv.Grpc;

/// <summary>Gives Kestrel the halves of ports that it asks for by their end points.</summary>
internal sealed class SortedListenerFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is SortedEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new SortedListener((SortedEndPoint)endpoint));
}
