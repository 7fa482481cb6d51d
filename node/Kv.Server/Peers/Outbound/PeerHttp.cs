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
    public static SocketsHttpHandler CreateSockets(
        TimeSpan dialTimeout, Func<string, SslClientAuthenticationOptions>? tls) => new()
        {
            ConnectTimeout = dialTimeout,
            ConnectCallback = (context, cancelled) => ConnectAsync(context, tls, cancelled),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            MaxResponseDrainSize = 0, // a stream that is given up has no end to wait for
            PlaintextStreamFilter = static (context, _) =>
                ValueTask.FromResult<Stream>(new ReadAheadStream(context.PlaintextStream)),
        };

    // A handler would ask once for all connections; so the handshake is done here, which it then leaves to us.
    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context,
        Func<string, SslClientAuthenticationOptions>? tls,
        CancellationToken cancelled)
    {
        Stream plain = await ConnectAsync(context.DnsEndPoint, cancelled);
        if (tls is null || context.InitialRequestMessage.RequestUri!.Scheme != Uri.UriSchemeHttps)
            return plain;
        var secured = new SslStream(plain);
        try
        {
            await secured.AuthenticateAsClientAsync(tls(context.DnsEndPoint.Host), cancelled);
            return secured;
        }
        catch
        {
            await secured.DisposeAsync();
            throw;
        }
    }

    // Beside what it does by itself, so that a peer whose power failed is found out on a connection without traffic.
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint peer, CancellationToken cancelled)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, TcpKeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, TcpKeepAliveSeconds);
            await socket.ConnectAsync(peer, cancelled);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
