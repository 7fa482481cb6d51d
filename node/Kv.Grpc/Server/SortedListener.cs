using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Kv.Grpc;

/// <summary>One protocol's half of a port, as Kestrel accepts from it.</summary>
internal sealed class SortedListener(SortedEndPoint half) : IConnectionListener
{
    public EndPoint EndPoint => half;

    public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        half.Port.NextAsync(half.IsHttp2, cancellationToken);

    // The port belongs to both halves and is unbound and disposed of by who made it.
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
