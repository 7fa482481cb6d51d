using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Kv.Server.Peers.Outbound;

/// <summary>Speaks HTTP/1.1 with peers, as etcd's members do.</summary>
internal sealed class PeerHttp : IDisposable
{
    private const int TcpKeepAliveSeconds = 30;

    private readonly HttpMessageInvoker _http;
    private readonly (string Name, string Value)[] _identity;

    public PeerHttp(IPeerMember member, PeerTransportOptions options)
    {
        _identity =
        [
            (PeerHeaders.From, member.Id.ToString()),
            (PeerHeaders.Version, member.Versions.Server),
            (PeerHeaders.MinClusterVersion, PeerHeaders.OldestCluster),
            (PeerHeaders.ClusterId, PeerHeaders.ToText(member.ClusterId)),
            (PeerHeaders.PeerUrls, string.Join(',', options.PeerUrls)),
        ];
        _http = new HttpMessageInvoker(CreateSockets(options.DialTimeout, options.Tls));
    }

    /// <summary>A request that says who asks.</summary>
    public HttpRequestMessage Create(HttpMethod method, Uri peer, string path)
    {
        HttpRequestMessage request = CreateNameless(method, peer, path);
        foreach ((string name, string value) in _identity)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    /// <summary>A request that does not.</summary>
    public static HttpRequestMessage CreateNameless(HttpMethod method, Uri peer, string path) =>
        new(method, new Uri(peer, path))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    /// <summary>Returns when the head of the response has come.</summary>
    /// <exception cref="HttpRequestException">The peer could not be reached, or answers no HTTP.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or connecting took too long.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancelled) =>
        _http.SendAsync(request, cancelled);

    public void Dispose() => _http.Dispose();

    /// <summary>A way to peers that are spoken with by TLS if their URL says so.</summary>
    public static SocketsHttpHandler CreateSockets(TimeSpan dialTimeout, SslClientAuthenticationOptions? tls)
    {
        var sockets = new SocketsHttpHandler
        {
            ConnectTimeout = dialTimeout,
            ConnectCallback = ConnectAsync,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            MaxResponseDrainSize = 0, // a stream that is given up has no end to wait for
            PlaintextStreamFilter = static (context, _) =>
                ValueTask.FromResult<Stream>(new ReadAheadStream(context.PlaintextStream)),
        };
        if (tls is not null)
            sockets.SslOptions = tls;
        return sockets;
    }

    // Beside what it does by itself, so that a peer whose power failed is found out on a connection without traffic.
    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancelled)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, TcpKeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, TcpKeepAliveSeconds);
            await socket.ConnectAsync(context.DnsEndPoint, cancelled);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
