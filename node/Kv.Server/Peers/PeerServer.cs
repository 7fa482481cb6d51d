using System.Net;
using Kv.Grpc;
using Kv.Server.Peers.Inbound;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers;

/// <summary>Listens on the peer URLs: HTTP/1.1, and HTTP/2 for who begins with it. What is served there is in
/// <see cref="PeerSite"/>. Streams end only when the transport is disposed of, so that goes first.</summary>
public sealed class PeerServer : IAsyncDisposable
{
    private readonly GrpcServer _server;

    public PeerServer(IPeerMember member, PeerTransport transport, ISnapshotSink snapshots, ILogger log)
    {
        var site = new PeerSite(member, transport, snapshots, log);
        _server = new GrpcServer(new GrpcServerOptions
        {
            PlainHttp = site.AnswerAsync,

            // Nothing here blocks but the page file of an incoming snapshot, and a batch leaves one hop sooner.
            RunInlineOnIoThreads = true,
            Faulted = (place, fault) => PeerLog.Faulted(log, place, fault),
        });
    }

    /// <summary>Where the started server listens, in the order asked for.</summary>
    public IReadOnlyList<EndPoint> EndPoints => _server.EndPoints;

    /// <exception cref="IOException">Another process listens there.</exception>
    public Task StartAsync(IEnumerable<GrpcEndPoint> endPoints, CancellationToken cancelled = default) =>
        _server.StartAsync(endPoints, cancelled);

    /// <summary>Listens in clear.</summary>
    /// <exception cref="IOException">Another process listens there.</exception>
    public Task StartAsync(IEnumerable<EndPoint> endPoints, CancellationToken cancelled = default) =>
        _server.StartAsync(endPoints, cancelled);

    /// <summary>Takes no more connections, and lets requests under way end for as long as the grace lasts.</summary>
    public Task StopAsync(TimeSpan grace) => _server.StopAsync(grace);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
