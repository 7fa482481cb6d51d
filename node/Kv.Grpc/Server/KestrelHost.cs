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
        limits.KeepAliveTimeout = Timeout.InfiniteTimeSpan;
        limits.MaxRequestHeadersTotalSize = HeadersMaxBytes;
        limits.Http2.MaxRequestHeaderFieldSize = HeadersMaxBytes;
        limits.Http2.MaxStreamsPerConnection = options.StreamsPerConnectionMax;
        limits.Http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
        limits.Http2.InitialStreamWindowSize = options.StreamWindowBytes;
        limits.Http2.KeepAlivePingDelay = options.KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
    }
}
