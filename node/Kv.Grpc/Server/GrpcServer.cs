using System.Net;
using System.Net.Security;
using Grpc.Core;
using Kv.Grpc.Local;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Kv.Grpc;

/// <summary>Serves gRPC, and plain HTTP beside it on the same ports. Kestrel speaks HTTP; from there it is one
/// dictionary look-up to the method that answers.
/// <code>
///   var server = new GrpcServer(options);
///   server.Add(KV.BindService(service));
///   server.AddUnary("/etcdserverpb.KV/Put", put.AnswerAsync);
///   await server.StartAsync([new IPEndPoint(IPAddress.Loopback, 2379)], stop);
/// </code></summary>
public sealed class GrpcServer(GrpcServerOptions options) : IAsyncDisposable
{
    private readonly MethodBinder _methods = new(options.Faulted);
    private readonly List<SortingPort> _ports = [];
    private KestrelHost? _kestrel;
    private PlainHttpMethod? _plain = options.PlainHttp;
    private CallApplication? _application;

    /// <summary>What to offer in the handshake of TLS.</summary>
    public static IReadOnlyList<SslApplicationProtocol> TlsProtocols { get; } =
        [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    /// <summary>What is served, with what has happened to it so far.</summary>
    public IReadOnlyList<GrpcMethod> Methods => [.. _methods.Entries.Select(entry => entry.Method)];

    /// <summary>Where the started server listens, in the order asked for.</summary>
    public IReadOnlyList<EndPoint> EndPoints => [.. _ports.Select(port => port.EndPoint)];

    /// <summary>Makes calls to what is served here, once the server has started.</summary>
    public LocalCallInvoker Local => new(this);

    internal CallApplication Application =>
        _application ?? throw new InvalidOperationException("The server has not started.");

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

    /// <summary>Sets what answers requests that are not gRPC, for who could not before the server was there.</summary>
    public void AnswerPlainBy(PlainHttpMethod answer)
    {
        Invariant.Require(_kestrel is null);
        _plain = answer;
    }

    /// <summary>Listens in clear.</summary>
    /// <exception cref="IOException">Another process listens there.</exception>
    public Task StartAsync(IEnumerable<EndPoint> endPoints, CancellationToken cancelled = default) =>
        StartAsync(endPoints.Select(endPoint => new GrpcEndPoint(endPoint)), cancelled);

    /// <exception cref="IOException">Another process listens there.</exception>
    public async Task StartAsync(IEnumerable<GrpcEndPoint> endPoints, CancellationToken cancelled = default)
    {
        Invariant.Require(_kestrel is null);
        _kestrel = new KestrelHost(options);
        KestrelServerOptions settings = _kestrel.Settings;
        foreach (GrpcEndPoint endPoint in endPoints)
        {
            var port = new SortingPort(_kestrel.Sockets, endPoint, options.FirstBytesTimeout);
            _ports.Add(port);
            settings.Listen(new SortedEndPoint(port, isHttp2: true), ListenForCalls);
            settings.Listen(new SortedEndPoint(port, isHttp2: false), listen => listen.Protocols = HttpProtocols.Http1);
        }

        foreach (GrpcMethod method in Methods)
            method.IsFirstInLine = options.IsFirstInLine?.Invoke(method) ?? false;
        _application = new CallApplication(
            options with { PlainHttp = _plain }, new MethodTable(_methods.Entries));
        await _kestrel.Server.StartAsync(_application, cancelled);
        foreach (SortingPort port in _ports)
            await port.BindAsync(cancelled);
    }

    /// <summary>Takes no more connections, tells the clients of those there are to go elsewhere (GOAWAY), lets the
    /// calls under way end for as long as the grace lasts, and drops what is left.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        foreach (SortingPort port in _ports)
            await port.UnbindAsync();
        if (_kestrel is null)
            return;

        using var patience = new CancellationTokenSource(grace);
        await _kestrel.Server.StopAsync(patience.Token);
    }

    private static void ListenForCalls(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.Use(next => connection =>
        {
            connection.Features.Set(new ConnectionLoad());
            return next(connection);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        foreach (SortingPort port in _ports)
            await port.DisposeAsync();
        _ports.Clear();
        if (_kestrel is not null)
            await _kestrel.DisposeAsync();
    }
}
