using System.Net;
using System.Net.Sockets;
using Kv.Server.Configuration;

namespace Kv.Server.Startup;

/// <summary>Where to listen, as sockets name it.</summary>
internal static class ListenEndPoints
{
    private const string Localhost = "localhost";

    public static EndPoint Of(NodeUrl url)
    {
        if (url.IsUnix)
            return new UnixDomainSocketEndPoint(url.Host);
        IPAddress address = url.Host == Localhost ? IPAddress.Loopback : IPAddress.Parse(url.Host);
        return new IPEndPoint(address, url.Port);
    }
}
