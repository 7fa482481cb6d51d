using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Metrics;
using Kv.Testing;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>What tests of elections and of the start and end of processes work with: a server that keeps one lease, a
/// client of it, and a clock in the test's hand.</summary>
internal sealed class ElectionBench : IAsyncDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();

    private ElectionBench(FakeApiServer server)
    {
        Server = server;
        Leases.Attach(server);
        var config = new KubernetesClientConfiguration { Host = server.Url, Timeout = TimeSpan.FromSeconds(5) };
        Client = new KubernetesClient(config, Metrics, Time);
    }

    public ManualTime Time { get; } = new();

    public RuntimeMetrics Metrics { get; } = new();

    public LeaseServer Leases { get; } = new();

    public FakeApiServer Server { get; }

    public KubernetesClient Client { get; }

    public CancellationToken Stop => _stop.Token;

    public static async Task<ElectionBench> StartAsync() => new(await FakeApiServer.StartAsync());

    public Task StopAsync() => _stop.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Client.Dispose();
        Metrics.Dispose();
        _stop.Dispose();
        await Server.DisposeAsync();
    }
}
