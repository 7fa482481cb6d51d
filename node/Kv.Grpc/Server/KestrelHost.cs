using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Kv.Grpc;

/// <summary>Puts Kestrel together. Only its own container can: made by hand it gets a memory pool that allocates every
/// buffer anew. Nothing of that container is used once the server runs.</summary>
internal sealed class KestrelHost : IAsyncDisposable
{
    private const int HeadersMaxBytes = 64 * 1024;
    private const int TcpKeepAliveSeconds = 15; // Go's default

    // For ever, that is; what Kestrel itself makes of an infinite time overflows and ends idle connections at once.
    private static readonly TimeSpan IdleMax = TimeSpan.FromDays(3650);

    private readonly WebApplication _container;

    public KestrelHost(GrpcServerOptions options)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IConnectionListenerFactory, SortedListenerFactory>();
        builder.Services.Configure<SocketTransportOptions>(transport => Configure(transport, options));
        builder.Services.Configure<KestrelServerOptions>(settings => Configure(settings, options));
        if (options.Logs is not null)
            builder.Services.AddSingleton(options.Logs);
        _container = builder.Build();
    }

    public IServer Server => _container.Services.GetRequiredService<IServer>();

    public KestrelServerOptions Settings =>
        _container.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;

    public IConnectionListenerFactory Sockets =>
        _container.Services.GetServices<IConnectionListenerFactory>().OfType<SocketTransportFactory>().Single();

    public ValueTask DisposeAsync() => _container.DisposeAsync();

    private static void Configure(SocketTransportOptions transport, GrpcServerOptions options)
    {
        transport.UnsafePreferInlineScheduling = options.RunInlineOnIoThreads;
        if (options.IoQueueCount > 0)
            transport.IOQueueCount = options.IoQueueCount;
        transport.CreateBoundListenSocket = Listen;
    }

    // Connections are never closed for being idle, so those whose client has vanished must be found out by the kernel.
    // What it is told of the listening socket holds for those accepted from it.
    private static Socket Listen(EndPoint endPoint)
    {
        if (endPoint is UnixDomainSocketEndPoint file)
            StaleSocket.Remove(file);
        Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        if (socket.ProtocolType == ProtocolType.Tcp)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, TcpKeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, TcpKeepAliveSeconds);
        }

        return socket;
    }

    private static void Configure(KestrelServerOptions settings, GrpcServerOptions options)
    {
        settings.AddServerHeader = false;

        // Go passes on what is not UTF-8 for the method to judge; so Latin-1, in which every byte is a letter.
        settings.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        settings.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;

        KestrelServerLimits limits = settings.Limits;
        limits.MaxRequestBodySize = null; // streams have no end; messages have a limit of their own
        limits.MinRequestBodyDataRate = null; // a watch may be silent for days
        limits.MinResponseDataRate = null; // and its client slow: that costs a few buffers, and nobody but itself
        limits.KeepAliveTimeout = IdleMax;
        limits.MaxRequestHeadersTotalSize = HeadersMaxBytes;
        limits.Http2.MaxRequestHeaderFieldSize = HeadersMaxBytes;
        limits.Http2.MaxStreamsPerConnection = options.StreamsPerConnectionMax;
        limits.Http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
        limits.Http2.InitialStreamWindowSize = options.StreamWindowBytes;
        limits.Http2.KeepAlivePingDelay = options.KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
    }
}
