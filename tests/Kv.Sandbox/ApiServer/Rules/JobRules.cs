using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>Jobs: the defaults, and the labels by which a job finds its pods.</summary>
internal static class JobRules
{
    public static void Prepare(JsonObject job)
    {
        JsonObject spec = job.Ensure("spec");
        spec.Default("backoffLimit", 6);
        spec.Default("completions", 1);
        spec.Default("parallelism", 1);
        spec.Default("suspend", false);
        string uid = job.Text("metadata", "uid") ?? "";
        JsonObject labels = spec.Ensure("template", "metadata", "labels");
        labels["batch.kubernetes.io/controller-uid"] = uid;
        labels["batch.kubernetes.io/job-name"] = job.Text("metadata", "name");
        labels["job-name"] = job.Text("metadata", "name");
        spec.Default("selector", new JsonObject
        {
            ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid },
        });
        PodRules.PrepareSpec(spec.Ensure("template", "spec"));
        job["status"] = new JsonObject();
    }

    public static IEnumerable<FieldFault> FindFaults(JsonObject job, JsonObject? old)
    {
        if (job.Text("spec", "template", "spec", "restartPolicy") is not ("Never" or "OnFailure"))
        {
            yield return FieldFault.NotSupported("spec.template.spec.restartPolicy",
                job.At("spec", "template", "spec", "restartPolicy"), ["Never", "OnFailure"]);
        }

        foreach (FieldFault fault in PodRules.FindSpecFaults(
            job.Map("spec", "template", "spec") ?? [], "spec.template.spec"))
        {
            yield return fault;
        }

        foreach (string field in new[] { "template", "selector" })
        {
            if (old is not null && !JsonFields.AreSame(old.At("spec", field), job.At("spec", field)))
                yield return FieldFault.Invalid("spec." + field, "...", "field is immutable");
        }
    }
}
