using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Metrics;
using Kv.Testing;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>What tests of watches and of what lives on them work with: a server that answers as it is told, a client
/// of it, a clock in the test's hand, and what runs until the end.</summary>
internal sealed class ClientBench : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private ClientBench(FakeApiServer server)
    {
        Server = server;
        Client = new KubernetesClient(new KubernetesClientConfiguration { Host = server.Url }, Metrics, Time);
    }

    public ManualTime Time { get; } = new();

    public RuntimeMetrics Metrics { get; } = new();

    public FakeApiServer Server { get; }

    public KubernetesClient Client { get; }

    public CancellationToken Stop => _stop.Token;

    /// <summary>Ends when <see cref="Stop"/> is cancelled, and is awaited then.</summary>
    public Task Running { get; set; } = Task.CompletedTask;

    public static async Task<ClientBench> StartAsync() => new(await FakeApiServer.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Running;
        Client.Dispose();
        Metrics.Dispose();
        _stop.Dispose();
        await Server.DisposeAsync();
    }
}
