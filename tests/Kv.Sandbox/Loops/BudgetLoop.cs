using System.Globalization;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Computes how many pods each disruption budget lets go.</summary>
internal sealed class BudgetLoop(SandboxClient client, Mirror budgets, Mirror pods)
{
    public async Task RunRoundAsync(CancellationToken stop)
    {
        foreach (JsonObject budget in budgets.All)
            await UpdateAsync(budget, stop);
    }

    private async Task UpdateAsync(JsonObject budget, CancellationToken stop)
    {
        JsonObject[] covered =
        [
            .. pods.All.Where(pod => pod.Text("metadata", "namespace") == budget.Text("metadata", "namespace")
                && pod.Text("status", "phase") is not ("Succeeded" or "Failed")
                && Selectors.Fit(budget.Map("spec", "selector"), pod.At("metadata", "labels"))),
        ];
        int healthy = covered.Count(pod => pod.Text("metadata", "deletionTimestamp") is null
            && pod.Items("status", "conditions").Any(
                each => each.Text("type") == "Ready" && each.Text("status") == "True"));
        long desired = budget.At("spec", "minAvailable") is { } least
            ? Resolve(least, covered.Length)
            : Math.Max(0, covered.Length - Resolve(budget.At("spec", "maxUnavailable"), covered.Length));
        long allowed = covered.Length == 0 ? 0 : Math.Max(0, healthy - desired);
        JsonObject status = new()
        {
            ["observedGeneration"] = budget.Number("metadata", "generation"),
            ["expectedPods"] = covered.Length,
            ["currentHealthy"] = healthy,
            ["desiredHealthy"] = desired,
            ["disruptionsAllowed"] = allowed,
        };
        bool isSame = status.All(pair => JsonFields.AreSame(pair.Value, budget.At("status", pair.Key)));
        if (isSame)
            return;
        status["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "DisruptionAllowed",
            ["status"] = allowed > 0 ? "True" : "False",
            ["reason"] = allowed > 0 ? "SufficientPods" : "InsufficientPods",
            ["observedGeneration"] = budget.Number("metadata", "generation"),
            ["lastTransitionTime"] = ApiServer.Patches.ManagedFields.Writer.Now,
            ["message"] = "",
        });
        await client.MergeAsync(
            budget.To("policy/v1", "poddisruptionbudgets") + "/status",
            new JsonObject
            {
                // An eviction may have counted in between; then this is computed from what is old.
                ["metadata"] = new JsonObject { ["resourceVersion"] = budget.Text("metadata", "resourceVersion") },
                ["status"] = status,
            },
            stop);
    }

    /// <summary>A number, or a share of all, rounded up.</summary>
    private static long Resolve(JsonNode? amount, int all)
    {
        if (JsonFields.AsText(amount) is { } text && text.EndsWith('%'))
        {
            int percent = int.Parse(text.AsSpan(..^1), CultureInfo.InvariantCulture);
            return (long)Math.Ceiling(all * percent / 100.0);
        }

        return JsonFields.AsInteger(amount) ?? 0;
    }
}
