using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;
using Kv.Testing;

[assembly: AssemblyFixture(typeof(SharedSandbox))]

namespace Kv.Operator.Tests.Sandbox;

/// <summary>One whole sandbox for all tests of this assembly, started when the first asks for it.</summary>
public sealed class SharedSandbox : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly TempDirectory _folder = new();
    private readonly Lazy<Task> _started;
    private readonly ConcurrentQueue<string> _log = new();
    private SandboxCluster? _cluster;
    private int _namespaces;

    public SharedSandbox() => _started = new Lazy<Task>(StartAsync);

    internal SandboxCluster Cluster => _cluster!;

    internal SandboxClient Client => _cluster!.Client;

    internal Kubectl Kubectl { get; private set; } = null!;

    public Task StartedAsync() => _started.Value;

    internal async Task<string> NamespaceAsync()
    {
        string name = $"run-{Interlocked.Increment(ref _namespaces)}";
        await Client.MakeNamespaceAsync(name);
        return name;
    }

    /// <summary>Waits until an object is as wanted; the test fails with how it is if that takes too long.</summary>
    internal async Task<JsonObject> UntilAsync(string path, Func<JsonObject, bool> isSo)
    {
        using var timer = new PeriodicTimer(Interval);
        DateTime end = DateTime.UtcNow + Patience;
        JsonObject? found;
        do
        {
            found = await Client.FindAsync(path);
            if (found is not null && isSo(found))
                return found;
        }
        while (DateTime.UtcNow < end && await timer.WaitForNextTickAsync());
        Assert.Fail($"{path} does not become as wanted: {found}\n{string.Join('\n', _log.TakeLast(20))}");
        return found!;
    }

    /// <summary>Waits until there is no such object.</summary>
    internal async Task UntilGoneAsync(string path)
    {
        using var timer = new PeriodicTimer(Interval);
        DateTime end = DateTime.UtcNow + Patience;
        while (await Client.FindAsync(path) is { } found)
        {
            if (DateTime.UtcNow > end)
                Assert.Fail($"{path} is still there: {found}\n{string.Join('\n', _log.TakeLast(20))}");
            await timer.WaitForNextTickAsync();
        }
    }

    internal static bool IsReady(JsonObject pod) => pod.Items("status", "conditions").Any(
        each => each.Text("type") == "Ready" && each.Text("status") == "True");

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartAsync()
    {
        _cluster = await SandboxCluster.StartAsync(
            new SandboxOptions
            {
                Directory = _folder["sandbox"],
                BackoffFirst = TimeSpan.FromMilliseconds(200),
                Log = _log.Enqueue,
            },
            CancellationToken.None);
        Kubectl = new Kubectl(_cluster.KubeconfigPath, _folder["cache"]);
    }
}
