using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>A ReplicaSet for the newest template of a deployment, which tells how many pods of that template there
/// are. Helm 3 looks there to learn that a release is ready. It owns no pods, and goes when there is a newer
/// template.</summary>
internal sealed class TemplateSets(SandboxClient client)
{
    public static JsonArray OwnedBy(JsonObject deployment) => new(new JsonObject
    {
        ["apiVersion"] = "apps/v1",
        ["kind"] = "Deployment",
        ["name"] = deployment.Text("metadata", "name"),
        ["uid"] = deployment.Text("metadata", "uid"),
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    });

    /// <param name="hash">Of the newest template.</param>
    /// <param name="count">Pods of that template.</param>
    /// <param name="readyCount">Those of them that are ready.</param>
    public async Task WriteAsync(
        JsonObject deployment, string hash, int count, int readyCount, CancellationToken stop)
    {
        string sets = ObjectPath.Of("apps/v1", "replicasets", deployment.Text("metadata", "namespace") ?? "");
        string uid = deployment.Text("metadata", "uid") ?? "";
        string name = $"{deployment.Text("metadata", "name")}-{hash}";
        JsonObject? newest = null;
        foreach (JsonObject set in (await client.GetAsync(sets, stop)).Items("items"))
        {
            if (!set.Items("metadata", "ownerReferences").Any(each => each.Text("uid") == uid))
                continue;
            if (set.Text("metadata", "name") == name)
                newest = set;
            else
                await client.DeleteAsync(set.To("apps/v1", "replicasets"), null, stop);
        }

        newest ??= await client.CreateAsync(sets, SetOf(deployment, name), stop);
        if (newest.Number("status", "replicas") != count || newest.Number("status", "readyReplicas") != readyCount)
        {
            JsonObject status = new()
            {
                ["replicas"] = count,
                ["readyReplicas"] = readyCount,
                ["availableReplicas"] = readyCount,
                ["observedGeneration"] = newest.Number("metadata", "generation"),
            };
            await client.MergeAsync(
                newest.To("apps/v1", "replicasets") + "/status", new JsonObject { ["status"] = status }, stop);
        }
    }

    private static JsonObject SetOf(JsonObject deployment, string name) => new()
    {
        ["apiVersion"] = "apps/v1",
        ["kind"] = "ReplicaSet",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = deployment.Map("spec", "template", "metadata", "labels")?.Copy(),
            ["ownerReferences"] = OwnedBy(deployment),
        },
        ["spec"] = new JsonObject
        {
            ["replicas"] = deployment.Number("spec", "replicas") ?? 1,
            ["selector"] = deployment.Map("spec", "selector")?.Copy(),
            ["template"] = deployment.Map("spec", "template")?.Copy(),
        },
    };
}
