using System.Net;
using System.Net.Sockets;
using Kv.Grpc;
using Kv.Server.Configuration;

namespace Kv.Server.Startup;

/// <summary>Where to listen, as sockets name it.</summary>
internal static class ListenEndPoints
{
    private const string Localhost = "localhost";

    /// <param name="tls">Secures what is to be secured; not null if the URL is one of those.</param>
    public static GrpcEndPoint Of(NodeUrl url, IServerTls? tls)
    {
        Invariant.Require(!url.IsTls || tls is not null);
        return new GrpcEndPoint(Of(url), url.IsTls ? tls : null);
    }

    public static EndPoint Of(NodeUrl url)
    {
        if (url.IsUnix)
            return new UnixDomainSocketEndPoint(url.Host);
        IPAddress address = url.Host == Localhost ? IPAddress.Loopback : IPAddress.Parse(url.Host);
        return new IPEndPoint(address, url.Port);
    }
}
