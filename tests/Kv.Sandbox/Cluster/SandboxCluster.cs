using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer;
using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.Client;
using Kv.Sandbox.Kubelet;

namespace Kv.Sandbox.Cluster;

/// <summary>A whole small cluster in one process: API server, kubelet and the controllers that pods, volumes and
/// services need. For trying out and for tests, not for production.</summary>
internal sealed class SandboxCluster : IAsyncDisposable
{
    private readonly NetworkClaim _network;
    private readonly EmbeddedApiServer _server;
    private readonly ClusterParts _parts;

    private SandboxCluster(
        NetworkClaim network, EmbeddedApiServer server, SandboxClient client, ClusterParts parts, string kubeconfig)
    {
        _network = network;
        _server = server;
        Client = client;
        _parts = parts;
        KubeconfigPath = kubeconfig;
    }

    public Uri Url => _server.Url;

    public string AuthorityPem => _server.AuthorityPem;

    /// <summary>A client that may do anything.</summary>
    public SandboxClient Client { get; }

    /// <summary>The kubeconfig of the administrator.</summary>
    public string KubeconfigPath { get; }

    internal EmbeddedApiServer Server => _server;

    /// <summary>The hosts file that programs of the sandbox see in the place of the machine's.</summary>
    public string HostsPath => Path.Combine(_parts.Directory, HostsFile.FileName);

    /// <exception cref="IOException">There are too many sandboxes on this machine.</exception>
    public static async Task<SandboxCluster> StartAsync(SandboxOptions options, CancellationToken cancelled)
    {
        var network = NetworkClaim.Take();
        try
        {
            return await StartAsync(options with { Network = network.Network }, network, cancelled);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _parts.DisposeAsync();
        Client.Dispose();
        await _server.DisposeAsync();
        _network.Dispose();
    }

    private static async Task<SandboxCluster> StartAsync(
        SandboxOptions options, NetworkClaim network, CancellationToken cancelled)
    {
        Directory.CreateDirectory(options.Directory);
        string token = RandomNumberGenerator.GetHexString(40, lowercase: true);
        EmbeddedApiServer server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions
            {
                DataDirectory = Path.Combine(options.Directory, "store"),
                Address = IPAddress.Parse($"127.{options.Network}.0.1"),
                TokenKey = RandomNumberGenerator.GetBytes(32),
                Tokens = new Dictionary<string, Identity> { [token] = Identity.Administrator("sandbox-admin") },
                BookmarkInterval = options.BookmarkInterval,
            },
            cancelled);
        var client = new SandboxClient(server.Url, server.AuthorityPem, token);
        ClusterParts? parts = null;
        try
        {
            string kubeconfig = Path.Combine(options.Directory, "kubeconfig");
            Kubeconfig.Write(kubeconfig, server.Url, server.AuthorityPem, token);
            parts = new ClusterParts(client, server.Url, server.AuthorityPem, options);
            await parts.StartAsync(cancelled);
            await CreateStorageClassAsync(client, cancelled);
            return new SandboxCluster(network, server, client, parts, kubeconfig);
        }
        catch
        {
            if (parts is not null)
                await parts.DisposeAsync();
            client.Dispose();
            await server.DisposeAsync();
            throw;
        }
    }

    private static async Task CreateStorageClassAsync(SandboxClient client, CancellationToken cancelled)
    {
        string path = ObjectPath.Of("storage.k8s.io/v1", "storageclasses");
        if (await client.FindAsync(path + "/directory", cancelled) is not null)
            return;
        await client.CreateAsync(path, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "directory",
                ["annotations"] = new JsonObject { ["storageclass.kubernetes.io/is-default-class"] = "true" },
            },
            ["provisioner"] = Loops.VolumeLoop.Provisioner,
            ["volumeBindingMode"] = "WaitForFirstConsumer",
            ["reclaimPolicy"] = "Delete",
            ["allowVolumeExpansion"] = true,
        }, cancelled);
    }
}
