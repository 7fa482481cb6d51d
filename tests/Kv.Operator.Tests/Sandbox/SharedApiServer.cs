using System.Net;
using System.Text.Json.Nodes;
using Kv.Operator.Api;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.ApiServer;
using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;
using Kv.Testing;

[assembly: AssemblyFixture(typeof(SharedApiServer))]

namespace Kv.Operator.Tests.Sandbox;

/// <summary>One API server for all tests of this assembly, started when the first asks for it.</summary>
public sealed class SharedApiServer : IAsyncDisposable
{
    internal const string AdminToken = "admin-of-the-tests";
    private const string GuestToken = "guest-of-the-tests";

    private readonly TempDirectory _folder = new();
    private readonly Lazy<Task> _started;
    private readonly Lazy<Task> _defined;
    private EmbeddedApiServer? _server;
    private SandboxClient? _client;
    private int _namespaces;

    public SharedApiServer()
    {
        _started = new Lazy<Task>(StartAsync);
        _defined = new Lazy<Task>(DefineAsync);
    }

    internal EmbeddedApiServer Server => _server!;

    /// <summary>May do anything.</summary>
    internal SandboxClient Client => _client!;

    internal Kubectl Kubectl { get; private set; } = null!;

    /// <summary>The same server for somebody who may do nothing but what rules give to the user guest.</summary>
    internal SandboxClient Guest { get; private set; } = null!;

    public Task StartedAsync() => _started.Value;

    /// <summary>From then on there can be KvClusters.</summary>
    internal Task ClustersDefinedAsync() => _defined.Value;

    /// <summary>Makes a namespace that nobody else uses.</summary>
    internal async Task<string> NamespaceAsync()
    {
        string name = $"test-{Interlocked.Increment(ref _namespaces)}";
        await Client.MakeNamespaceAsync(name);
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        Guest?.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task DefineAsync()
    {
        string path = ObjectPath.Of("apiextensions.k8s.io/v1", "customresourcedefinitions");
        foreach (JsonObject definition in CrdFiles.All().SelectMany(file => YamlReader.Read(file.Text)))
        {
            try
            {
                await Client.CreateAsync(path, definition);
            }
            catch (ApiFaultException fault) when (fault.Reason == "AlreadyExists")
            {
                // A test that applies the files has been here before.
            }
        }
    }

    private async Task StartAsync()
    {
        var address = IPAddress.Parse($"127.{200 + (Environment.ProcessId % 50)}.0.1");
        _server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions
            {
                DataDirectory = _folder["store"],
                Address = address,
                TokenKey = new byte[32],
                Tokens = new Dictionary<string, Identity>
                {
                    [AdminToken] = Identity.Administrator("admin"),
                    [GuestToken] = new Identity("guest", [Identity.Authenticated]),
                },
                BookmarkInterval = TimeSpan.FromMilliseconds(200),
            },
            CancellationToken.None);
        _client = new SandboxClient(_server.Url, _server.AuthorityPem, AdminToken);
        Guest = new SandboxClient(_server.Url, _server.AuthorityPem, GuestToken);
        string kubeconfig = _folder["kubeconfig"];
        Kubeconfig.Write(kubeconfig, _server.Url, _server.AuthorityPem, AdminToken);
        Kubectl = new Kubectl(kubeconfig, _folder["cache"]);
    }
}
