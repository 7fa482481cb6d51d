using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>The sandbox that the tests of this assembly share, running. Each test works in a namespace of its
/// own.</summary>
public sealed class SandboxFixture(SharedSandbox shared) : IAsyncLifetime
{
    internal SandboxCluster Cluster => shared.Cluster;

    internal SandboxClient Client => shared.Client;

    internal Kubectl Kubectl => shared.Kubectl;

    internal Task<string> NamespaceAsync() => shared.NamespaceAsync();

    internal Task<JsonObject> UntilAsync(string path, Func<JsonObject, bool> isSo) => shared.UntilAsync(path, isSo);

    internal Task UntilGoneAsync(string path) => shared.UntilGoneAsync(path);

    /// <summary>Creates all objects of a manifest in a namespace.</summary>
    internal async Task CreateAsync(string space, string manifest)
    {
        foreach (JsonObject value in YamlReader.Read(manifest))
        {
            string plural = value.Text("kind")!.ToLowerInvariant() + "s";
            await Client.CreateAsync(ObjectPath.Of(value.Text("apiVersion")!, plural, space), value);
        }
    }

    public async ValueTask InitializeAsync() => await shared.StartedAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
