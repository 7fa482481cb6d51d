using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Cluster;

/// <summary>Applies manifests: server-side, one object after the other. Kinds are looked up where the server lists
/// them, so that a manifest may define a kind and use it.</summary>
internal sealed class Applier(SandboxClient client, string manager)
{
    /// <exception cref="ApiFaultException">The server refuses an object.</exception>
    /// <exception cref="System.Text.Json.JsonException">It is no manifest.</exception>
    public async Task<IReadOnlyList<JsonObject>> ApplyAsync(string manifest, CancellationToken cancelled)
    {
        List<JsonObject> applied = [];
        foreach (JsonObject value in YamlReader.Read(manifest))
        {
            string path = await FindPathAsync(value, cancelled);
            applied.Add(await client.SendAsync(
                HttpMethod.Patch, $"{path}?fieldManager={manager}&force=true&fieldValidation=Strict", value,
                "application/apply-patch+yaml", cancelled));
        }

        return applied;
    }

    private async Task<string> FindPathAsync(JsonObject value, CancellationToken cancelled)
    {
        string apiVersion = value.Text("apiVersion") ?? "";
        string kind = value.Text("kind") ?? "";
        string root = apiVersion.Contains('/', StringComparison.Ordinal) ? $"/apis/{apiVersion}" : $"/api/{apiVersion}";
        JsonObject? list = await client.FindAsync(root, cancelled);
        JsonObject? found = list.Items("resources").FirstOrDefault(
            each => each.Text("kind") == kind && each.Text("name")?.Contains('/') == false);
        string plural = found.Text("name") ?? throw new ApiFaultException(
            404, new JsonObject { ["message"] = $"no matches for kind \"{kind}\" in version \"{apiVersion}\"" });
        string space = found.Flag("namespaced") ? value.Text("metadata", "namespace") ?? "default" : "";
        return ObjectPath.Of(apiVersion, plural, space, value.Text("metadata", "name") ?? "");
    }
}
