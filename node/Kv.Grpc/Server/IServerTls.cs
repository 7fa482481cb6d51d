using System.Net;
using System.Net.Security;
using System.Security.Authentication;

namespace Kv.Grpc;

/// <summary>What secures the connections of a port. It is asked for each of them, so certificates can be replaced while
/// the server runs, and judges who may come in.</summary>
public interface IServerTls
{
    /// <summary>Shakes hands on a new connection. <see cref="GrpcServer.TlsProtocols"/> are to be offered.</summary>
    /// <param name="connection">Stays open when the result, or what failed to become one, is disposed of.</param>
    /// <exception cref="AuthenticationException">The client is refused.</exception>
    Task<SslStream> AuthenticateAsync(Stream connection, EndPoint? remote, CancellationToken cancelled);

    /// <summary>Is told of a connection that did not come so far.</summary>
    void OnRefused(EndPoint? remote, string reason);
}
