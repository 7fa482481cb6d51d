using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>Deployments: the defaults, and the selector that must choose their own pods and never changes.</summary>
internal static class DeploymentRules
{
    public static void Prepare(JsonObject deployment, bool isNew)
    {
        JsonObject spec = deployment.Ensure("spec");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        JsonObject strategy = spec.Ensure("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            JsonObject rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }

        JsonObject template = spec.Ensure("template", "spec");
        template.Default("restartPolicy", "Always");
        PodRules.PrepareSpec(template);
        if (isNew)
            deployment["status"] = new JsonObject();
    }

    public static IEnumerable<FieldFault> FindFaults(JsonObject deployment, JsonObject? old)
    {
        JsonObject? selector = deployment.Map("spec", "selector");
        if (selector is null)
        {
            yield return FieldFault.Required("spec.selector");
        }
        else if (!Selectors.Fit(selector, deployment.At("spec", "template", "metadata", "labels")))
        {
            yield return FieldFault.Invalid("spec.template.metadata.labels", "...",
                "`selector` does not match template `labels`");
        }

        if (old is not null && !JsonFields.AreSame(old.At("spec", "selector"), selector))
            yield return FieldFault.Invalid("spec.selector", "...", "field is immutable");
        foreach (FieldFault fault in PodRules.FindSpecFaults(
            deployment.Map("spec", "template", "spec") ?? [], "spec.template.spec"))
        {
            yield return fault;
        }
    }
}
