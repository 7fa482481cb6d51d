using System.Net;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Kv.Grpc;

/// <summary>Serves gRPC, and plain HTTP beside it on the same ports. Kestrel speaks HTTP; from there it is one dictionary
/// look-up to the method that answers.
/// <code>
///   var server = new GrpcServer(options);
///   server.Add(KV.BindService(service));
///   server.AddUnary("/etcdserverpb.KV/Put", put.AnswerAsync);
///   await server.StartAsync([new IPEndPoint(IPAddress.Loopback, 2379)], stop);
/// </code></summary>
public sealed class GrpcServer(GrpcServerOptions options) : IAsyncDisposable
{
    private const int HeadersMaxBytes = 64 * 1024;

    private readonly MethodBinder _methods = new(options.Faulted);
    private readonly List<SortingPort> _ports = [];
    private KestrelServer? _kestrel;

    /// <summary>What is served, with what has happened to it so far.</summary>
    public IReadOnlyList<GrpcMethod> Methods => [.. _methods.Entries.Select(entry => entry.Method)];

    /// <summary>Where the started server listens, in the order asked for.</summary>
    public IReadOnlyList<EndPoint> EndPoints => [.. _ports.Select(port => port.EndPoint)];

    public void Add(ServerServiceDefinition service)
    {
        ArgumentNullException.ThrowIfNull(service);
        Invariant.Require(_kestrel is null);
        service.BindService(_methods);
    }

    /// <summary>Adds a unary method that works on bytes, in place of one of the same path if there is.</summary>
    public void AddUnary(string path, RawUnaryMethod method)
    {
        Invariant.Require(_kestrel is null);
        _methods.AddRaw(path, method);
    }

    /// <exception cref="AddressInUseException">Another process listens there.</exception>
    public async Task StartAsync(IEnumerable<EndPoint> endPoints, CancellationToken cancelled = default)
    {
        Invariant.Require(_kestrel is null);
        var sockets = new SocketTransportFactory(Options.Create(TransportOptions()), NullLoggerFactory.Instance);
        KestrelServerOptions settings = KestrelOptions();
        foreach (EndPoint endPoint in endPoints)
        {
            var port = new SortingPort(sockets, endPoint, options.FirstBytesTimeout);
            _ports.Add(port);
            settings.Listen(new SortedEndPoint(port, isHttp2: true), listen => listen.Protocols = HttpProtocols.Http2);
            settings.Listen(new SortedEndPoint(port, isHttp2: false), listen => listen.Protocols = HttpProtocols.Http1);
        }

        _kestrel = new KestrelServer(
            Options.Create(settings),
            new SortedListenerFactory(sockets),
            NullLoggerFactory.Instance);
        await _kestrel.StartAsync(new CallApplication(options, new MethodTable(_methods.Entries)), cancelled);
        foreach (SortingPort port in _ports)
            await port.BindAsync(cancelled);
    }

    /// <summary>Takes no more connections, tells the clients of those there are to go elsewhere (GOAWAY), lets the calls
    /// under way end for as long as the grace lasts, and drops what is left.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        foreach (SortingPort port in _ports)
            await port.UnbindAsync();
        if (_kestrel is null)
            return;

        using var patience = new CancellationTokenSource(grace);
        await _kestrel.StopAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        foreach (SortingPort port in _ports)
            await port.DisposeAsync();
        _ports.Clear();
        _kestrel?.Dispose();
    }

    private SocketTransportOptions TransportOptions()
    {
        var transport = new SocketTransportOptions
        {
            UnsafePreferInlineScheduling = options.RunInlineOnIoThreads,
            NoDelay = true,
        };
        if (options.IoQueueCount > 0)
            transport.IOQueueCount = options.IoQueueCount;
        return transport;
    }

    private KestrelServerOptions KestrelOptions()
    {
        var settings = new KestrelServerOptions
        {
            AddServerHeader = false,

            // Go passes on what is not UTF-8 for the method to judge; so Latin-1, in which every byte is a letter.
            RequestHeaderEncodingSelector = _ => Encoding.Latin1,
            ResponseHeaderEncodingSelector = _ => Encoding.Latin1,
        };

        KestrelServerLimits limits = settings.Limits;
        limits.MaxRequestBodySize = null; // streams have no end; messages have a limit of their own
        limits.MinRequestBodyDataRate = null; // a watch may be silent for days
        limits.MinResponseDataRate = null; // and its client slow: it costs itself a few buffers and nobody else anything
        limits.KeepAliveTimeout = Timeout.InfiniteTimeSpan;
        limits.MaxRequestHeadersTotalSize = HeadersMaxBytes;
        limits.Http2.MaxRequestHeaderFieldSize = HeadersMaxBytes;
        limits.Http2.MaxStreamsPerConnection = options.StreamsPerConnectionMax;
        limits.Http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
        limits.Http2.InitialStreamWindowSize = options.StreamWindowBytes;
        limits.Http2.KeepAlivePingDelay = options.KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
        return settings;
    }
}
