using Kv.Sandbox.ApiServer;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>The API server that the tests of this assembly share, running. Each test works in a namespace of its
/// own.</summary>
public sealed class ApiServerFixture(SharedApiServer shared) : IAsyncLifetime
{
    internal EmbeddedApiServer Server => shared.Server;

    /// <summary>May do anything.</summary>
    internal SandboxClient Client => shared.Client;

    /// <summary>The same server for somebody who may do nothing but what rules give to the user guest.</summary>
    internal SandboxClient Guest => shared.Guest;

    internal Kubectl Kubectl => shared.Kubectl;

    internal Task ClustersDefinedAsync() => shared.ClustersDefinedAsync();

    /// <summary>Makes a namespace that nobody else uses.</summary>
    internal Task<string> NamespaceAsync() => shared.NamespaceAsync();

    /// <summary>Creates a KvCluster in a namespace of its own.</summary>
    /// <param name="spec">Its spec, as JSON.</param>
    /// <returns>Its path.</returns>
    internal async Task<string> ClusterAsync(string spec)
    {
        await ClustersDefinedAsync();
        string path = ObjectPath.Of("kvoperator.io/v1", "kvclusters", await NamespaceAsync());
        await Client.CreateAsync(path, JsonFields.ParseObject(
            $$"""
            { "apiVersion": "kvoperator.io/v1", "kind": "KvCluster", "metadata": { "name": "demo" }, "spec": {{spec}} }
            """));
        return $"{path}/demo";
    }

    public async ValueTask InitializeAsync() => await shared.StartedAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
