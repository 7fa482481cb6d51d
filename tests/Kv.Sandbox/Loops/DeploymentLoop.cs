using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Patches;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Keeps as many pods of the newest template as a deployment wants: a new pod is made and is ready before an
/// old one goes, or, with the strategy Recreate, the old ones go first. The pods are the deployment's own;
/// <see cref="TemplateSets"/> tells of them.</summary>
internal sealed class DeploymentLoop(SandboxClient client, Mirror deployments)
{
    private const string HashLabel = "pod-template-hash";

    private readonly TemplateSets _sets = new(client);

    public async Task RunRoundAsync(CancellationToken stop)
    {
        foreach (JsonObject deployment in deployments.All)
        {
            if (deployment.Text("metadata", "deletionTimestamp") is null)
                await AdvanceAsync(deployment, stop);
        }
    }

    private async Task AdvanceAsync(JsonObject deployment, CancellationToken stop)
    {
        // The pods are asked for, not looked up: a mirror that is behind would make one too many.
        string pods = ObjectPath.Core("pods", deployment.Text("metadata", "namespace") ?? "");
        string uid = deployment.Text("metadata", "uid") ?? "";
        string hash = HashOf(deployment);
        JsonObject[] own =
        [
            .. (await client.GetAsync(pods, stop)).Items("items").Where(pod => IsOf(pod, uid)
                && pod.Text("status", "phase") is not ("Succeeded" or "Failed")),
        ];
        JsonObject[] staying = [.. own.Where(pod => pod.Text("metadata", "deletionTimestamp") is null)];
        JsonObject[] fresh = [.. staying.Where(pod => pod.Text("metadata", "labels", HashLabel) == hash)];
        JsonObject[] outdated = [.. staying.Except(fresh)];
        int wanted = (int)(deployment.Number("spec", "replicas") ?? 1);
        bool recreates = deployment.Text("spec", "strategy", "type") == "Recreate";
        int readyCount = fresh.Count(IsReady);

        bool mayStart = !recreates || own.Length == fresh.Length;
        for (int missing = wanted - fresh.Length; mayStart && missing > 0; missing--)
            await client.CreateAsync(pods, PodOf(deployment, hash), stop);
        int excess = recreates ? outdated.Length : Math.Min(outdated.Length, staying.Count(IsReady) - wanted);
        if (readyCount >= wanted)
            excess = outdated.Length;
        IEnumerable<JsonObject> leaving = outdated.OrderBy(IsReady).Take(Math.Max(0, excess))
            .Concat(fresh.OrderBy(IsReady).Take(Math.Max(0, fresh.Length - wanted)));
        foreach (JsonObject pod in leaving)
            await client.DeleteAsync(pod.To("v1", "pods"), null, stop);
        await _sets.WriteAsync(deployment, hash, fresh.Length, readyCount, stop);
        await WriteStatusAsync(deployment, (staying.Length, fresh.Length, staying.Count(IsReady), readyCount), stop);
    }

    private static bool IsOf(JsonObject pod, string uid) =>
        pod.Items("metadata", "ownerReferences").Any(each => each.Text("uid") == uid);

    private static bool IsReady(JsonObject pod) => pod.Items("status", "conditions").Any(
        each => each.Text("type") == "Ready" && each.Text("status") == "True");

    private static string HashOf(JsonObject deployment) =>
        Convert.ToHexStringLower(SHA256.HashData((deployment.Map("spec", "template") ?? []).ToUtf8()))[..10];

    private static JsonObject PodOf(JsonObject deployment, string hash)
    {
        JsonObject pod = deployment.Map("spec", "template")?.Copy() ?? [];
        JsonObject metadata = pod.Ensure("metadata");
        metadata["generateName"] = $"{deployment.Text("metadata", "name")}-{hash}-";
        metadata.Ensure("labels")[HashLabel] = hash;
        metadata["ownerReferences"] = TemplateSets.OwnedBy(deployment);
        pod["apiVersion"] = "v1";
        pod["kind"] = "Pod";
        return pod;
    }

    private async Task WriteStatusAsync(
        JsonObject deployment, (int All, int Updated, int Ready, int UpdatedReady) counts, CancellationToken stop)
    {
        int wanted = (int)(deployment.Number("spec", "replicas") ?? 1);
        bool isComplete = counts.UpdatedReady >= wanted && counts.All == wanted;
        JsonObject status = new()
        {
            ["observedGeneration"] = deployment.Number("metadata", "generation"),
            ["replicas"] = counts.All,
            ["updatedReplicas"] = counts.Updated,
            ["readyReplicas"] = counts.Ready,
            ["availableReplicas"] = counts.Ready,
            ["unavailableReplicas"] = Math.Max(0, wanted - counts.Ready),
            ["conditions"] = new JsonArray(
                Condition(deployment, "Available", counts.Ready >= wanted,
                    counts.Ready >= wanted ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable"),
                Condition(deployment, "Progressing", true,
                    isComplete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated")),
        };
        bool isSame = status.All(pair => JsonFields.AreSame(pair.Value, deployment.At("status", pair.Key)));
        if (!isSame)
        {
            await client.MergeAsync(
                deployment.To("apps/v1", "deployments") + "/status", new JsonObject { ["status"] = status }, stop);
        }
    }

    private static JsonObject Condition(JsonObject deployment, string type, bool isTrue, string reason)
    {
        string state = isTrue ? "True" : "False";
        JsonObject? before = deployment.Items("status", "conditions").FirstOrDefault(
            each => each.Text("type") == type && each.Text("status") == state);
        return new JsonObject
        {
            ["type"] = type,
            ["status"] = state,
            ["reason"] = reason,
            ["lastTransitionTime"] = before.Text("lastTransitionTime") ?? ManagedFields.Writer.Now,
        };
    }
}
