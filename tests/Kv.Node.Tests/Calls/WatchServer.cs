using System.Net;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Store;
using Kv.Server.Calls;
using Kv.Server.Metrics;
using Kv.Server.Observers;
using Kv.Server.Tokens;
using Kv.Store;
using Kv.Store.Leases;
using Kv.Store.Watching;
using Kv.Testing;
using ThreadLane = Kv.Node.Tests.Watching.ThreadLane;

namespace Kv.Node.Tests.Calls;

/// <summary>The Watch service over HTTP/2, on a store that the test writes to.</summary>
internal sealed class WatchServer : IAsyncDisposable
{
    private readonly StoreWorld _world = new();
    private readonly ThreadLane _lane = new();
    private readonly GrpcServer _server = new(new GrpcServerOptions());

    private WatchServer(WatchLimits limits)
    {
        Limits = limits;
        Hub = new WatchHub(_world.Store, _lane, new WatchIdentity(1, 2, () => 3), limits, new Random(1));
        _world.Store.Changes = Hub;
        var store = new StoreParts(
            _world.Backend,
            _world.Store,
            new LeaseBook(_world.Backend, ttlMin: 1),
            new AlarmBook(_world.Backend),
            new MemberBook(_world.Backend, 1),
            new AuthBook(_world.Backend),
            new SimpleTokens(new ManualTime(), TimeSpan.FromMinutes(5)));
        var gate = new Gate(store.Auth, store, (SimpleTokens)store.Tokens, takesCertificates: false);
        _server.Add(new WatchCalls(Hub, gate, new WatchObserver(Metrics.Watch, Metrics.Requests)).Bind());
    }

    public NodeMetrics Metrics { get; } = new(() => []);

    public WatchLimits Limits { get; }

    public WatchHub Hub { get; }

    /// <summary>Requests taken from clients.</summary>
    public long Received => _server.Methods.Single().Counts.Received;

    private string Address => $"http://127.0.0.1:{((IPEndPoint)_server.EndPoints[0]).Port}";

    public static async Task<WatchServer> StartAsync(WatchLimits? limits = null)
    {
        var server = new WatchServer(limits ?? WatchLimits.Default);
        await server._server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)]);
        return server;
    }

    /// <summary>A connection of its own, on which the client grants as little as HTTP/2 lets it.</summary>
    public GrpcChannel Connect() => GrpcChannel.ForAddress(
        Address,
        new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = 65_535 },
            DisposeHttpClient = true,
        });

    public void Put(string key, string value) => _world.Put(key, value);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await Eventually.HoldsAsync(() => Hub.Counters is { Streams: 0, Watchers: 0 }, "the hub is done");
        _lane.Dispose();
        _world.Dispose();
        Metrics.Dispose();
    }
}
