using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>Deletes a pod if the disruption budgets that cover it leave room; each eviction takes from that room until
/// the budget's status is computed anew.</summary>
internal sealed class Eviction(ServerParts parts, ObjectWriter writer, ObjectRemover remover)
{
    public async Task<JsonObject> EvictAsync(ApiCall call, JsonObject body)
    {
        StoredObject pod = await parts.Store.GetAsync(call.Key, call.Cancelled)
            ?? throw RefusedException.NotFound(call.Type, call.Name);
        ResourceType budgets = parts.Types.Find("policy", "v1", "poddisruptionbudgets")!;
        StoredList all = await parts.Store.ListAsync(
            budgets.PrefixOf(call.Namespace), after: null, limit: 0, revision: 0, call.Cancelled);
        JsonObject[] covering =
        [
            .. all.Objects.Select(each => each.Value).Where(each =>
                Selectors.Fit(each.Map("spec", "selector"), pod.Value.At("metadata", "labels"))),
        ];
        if (covering.Length > 1)
        {
            throw new RefusedException(500, "InternalError",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        bool isHarmless = !IsReady(pod.Value)
            && covering.FirstOrDefault().Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow";
        bool isDryRun = call.Query("dryRun") == "All";
        if (covering.Length == 1 && !isHarmless && !isDryRun && pod.Value.Text("status",
            "phase") is "Running" or "Pending")
        {
            await TakeAsync(budgets, covering, call);
        }

        JsonObject options = body.Map("deleteOptions")?.Copy() ?? [];
        await remover.DeleteAsync(call.Type, call.Namespace, call.Name, options, isDryRun, call.Cancelled);
        return new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["code"] = 201,
        };
    }

    private async Task TakeAsync(ResourceType budgets, JsonObject[] covering, ApiCall call)
    {
        foreach (JsonObject budget in covering)
        {
            string name = budget.Text("metadata", "name") ?? "";
            WriteOptions options = WriteOptions.Internal("eviction") with { Subresource = "status" };
            await writer.UpdateAsync(budgets, call.Namespace, name, Take, options, call.Cancelled);
        }
    }

    private static JsonObject Take(JsonObject budget)
    {
        long allowed = budget.Number("status", "disruptionsAllowed") ?? 0;
        string name = budget.Text("metadata", "name") ?? "";
        if (budget.Number("status", "observedGeneration") is not { } seen
            || seen < budget.Number("metadata", "generation"))
        {
            throw Refuse("The server is currently processing a change of the disruption budget " + name);
        }

        if (allowed <= 0)
        {
            throw Refuse($"The disruption budget {name} needs {budget.Number("status", "desiredHealthy")} healthy pods "
                + $"and has {budget.Number("status", "currentHealthy")} currently");
        }

        budget.Ensure("status")["disruptionsAllowed"] = allowed - 1;
        return budget;

        static RefusedException Refuse(string why) => RefusedException.TooMany(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            new JsonObject
            {
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = why }),
            });
    }

    private static bool IsReady(JsonObject pod) => pod.Items("status", "conditions").Any(
        each => each.Text("type") == "Ready" && each.Text("status") == "True");
}
