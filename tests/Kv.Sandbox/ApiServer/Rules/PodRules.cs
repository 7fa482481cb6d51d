using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>Pods: defaults as the API gives them, and a spec that hardly changes.</summary>
internal static class PodRules
{
    private const string UpdateFault = "pod updates may not change fields other than `spec.containers[*].image`,"
        + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
        + "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public static void Prepare(JsonObject pod)
    {
        JsonObject spec = pod.Ensure("spec");
        PrepareSpec(spec);
        spec.Default("serviceAccountName", "default");
        spec.Default("enableServiceLinks", true);
        spec.Default("priority", 0);
        pod["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QualityOf(spec) };
    }

    /// <summary>Fills in the spec of a pod, also that of a template.</summary>
    public static void PrepareSpec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("schedulerName", "default-scheduler");
        spec.Default("securityContext", new JsonObject());
        foreach (JsonObject container in spec.Items("containers").Concat(spec.Items("initContainers")))
            PrepareContainer(container);
        foreach (JsonObject volume in spec.Items("volumes"))
        {
            foreach (string kind in new[] { "secret", "configMap", "projected", "downwardAPI" })
                volume.Map(kind)?.Default("defaultMode", 420);
        }
    }

    public static IEnumerable<FieldFault> FindFaults(JsonObject pod, JsonObject? old)
    {
        if (old is not null)
        {
            if (!JsonFields.AreSame(Fixed(old), Fixed(pod)))
                yield return FieldFault.Forbidden("spec", UpdateFault);
            yield break;
        }

        foreach (FieldFault fault in FindSpecFaults(pod.Map("spec") ?? [], "spec"))
            yield return fault;
    }

    public static IEnumerable<FieldFault> FindSpecFaults(JsonObject spec, string path)
    {
        if (!spec.Items("containers").Any())
            yield return FieldFault.Required(path + ".containers");
        HashSet<string> volumes = [.. spec.Items("volumes").Select(each => each.Text("name") ?? "")];
        HashSet<string> names = [];
        foreach (string list in new[] { "initContainers", "containers" })
        {
            foreach ((int index, JsonObject container) in spec.Items(list).Index())
            {
                string here = $"{path}.{list}[{index}]";
                string name = container.Text("name") ?? "";
                if (name.Length == 0)
                    yield return FieldFault.Required(here + ".name");
                else if (!names.Add(name))
                    yield return FieldFault.Duplicate(here + ".name", name);
                if (container.Text("image") is not { Length: > 0 })
                    yield return FieldFault.Required(here + ".image");
                foreach (FieldFault fault in FindContainerFaults(container, here, volumes))
                    yield return fault;
            }
        }
    }

    private static IEnumerable<FieldFault> FindContainerFaults(
        JsonObject container, string path, HashSet<string> volumes)
    {
        foreach ((int index, JsonObject mount) in container.Items("volumeMounts").Index())
        {
            if (!volumes.Contains(mount.Text("name") ?? ""))
            {
                yield return new FieldFault($"{path}.volumeMounts[{index}].name", "FieldValueNotFound",
                    $"Not found: \"{mount.Text("name")}\"");
            }

            if (mount.Text("mountPath") is not { Length: > 0 })
                yield return FieldFault.Required($"{path}.volumeMounts[{index}].mountPath");
        }

        foreach (string kind in new[] { "requests", "limits" })
        {
            foreach ((string name, JsonNode? amount) in container.Map("resources", kind) ?? [])
            {
                if (!Quantity.TryRead(amount, out _))
                    yield return FieldFault.Invalid($"{path}.resources.{kind}[{name}]", amount, "must be a quantity");
            }
        }
    }

    private static void PrepareContainer(JsonObject container)
    {
        string image = container.Text("image") ?? "";
        bool isLatest = !image.Contains(':', StringComparison.Ordinal) || image.EndsWith(":latest",
            StringComparison.Ordinal);
        container.Default("imagePullPolicy", isLatest ? "Always" : "IfNotPresent");
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        container.Default("resources", new JsonObject());
        foreach (JsonObject port in container.Items("ports"))
            port.Default("protocol", "TCP");
        foreach (string name in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Map(name) is not { } probe)
                continue;
            probe.Default("timeoutSeconds", 1);
            probe.Default("periodSeconds", 10);
            probe.Default("successThreshold", 1);
            probe.Default("failureThreshold", 3);
            probe.Map("httpGet")?.Default("scheme", "HTTP");
            probe.Map("httpGet")?.Default("path", "/");
        }

        foreach (JsonObject variable in container.Items("env"))
            variable.Map("valueFrom", "fieldRef")?.Default("apiVersion", "v1");
    }

    /// <summary>The spec without what may change.</summary>
    private static JsonObject Fixed(JsonObject pod)
    {
        JsonObject spec = pod.Map("spec")?.Copy() ?? [];
        foreach (string name in new[] { "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds" })
            spec.Remove(name);
        foreach (JsonObject container in spec.Items("containers").Concat(spec.Items("initContainers")))
            container.Remove("image");
        return spec;
    }

    private static string QualityOf(JsonObject spec)
    {
        JsonObject[] containers = [.. spec.Items("containers")];
        bool HasAny(string kind) => containers.Any(each => each.Map("resources", kind) is { Count: > 0 });
        bool isGuaranteed = containers.All(each =>
            each.Map("resources", "limits") is { } limits && limits.ContainsKey("cpu") && limits.ContainsKey("memory")
            && (each.Map("resources", "requests") is not { } requests || JsonFields.AreSame(requests, limits)));
        return isGuaranteed ? "Guaranteed" : HasAny("limits") || HasAny("requests") ? "Burstable" : "BestEffort";
    }
}
