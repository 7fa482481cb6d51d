using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Monitoring;

/// <summary>What the operator of Prometheus makes of a PodMonitor, and what Prometheus finds of pods by itself: the
/// Prometheus of the tests is told both by files. Debian's knows no Kubernetes.</summary>
internal static class PodMonitors
{
    private const string Meta = "__meta_kubernetes_";

    /// <summary>A job of Prometheus' configuration.</summary>
    public static JsonObject ScrapeConfig(JsonObject monitor, string targets)
    {
        JsonObject endpoint = monitor.Items("spec", "podMetricsEndpoints").Single();
        var relabelings = new JsonArray();
        foreach ((string label, string value) in monitor.Pairs("spec", "selector", "matchLabels"))
            relabelings.Add(Keep($"pod_label_{Word(label)}", value));
        foreach (string space in monitor.Texts("spec", "namespaceSelector", "matchNames"))
            relabelings.Add(Keep("namespace", space));
        if (!monitor.Flag("spec", "namespaceSelector", "any") && monitor.Map("spec", "namespaceSelector") is null)
            relabelings.Add(Keep("namespace", monitor.Text("metadata", "namespace")!));
        relabelings.Add(Keep("pod_container_port_name", endpoint.Text("port")!));
        relabelings.Add(Copy("namespace", "namespace"));
        relabelings.Add(Copy("pod_name", "pod"));
        if (monitor.Text("spec", "jobLabel") is { } label2)
            relabelings.Add(Copy($"pod_label_{Word(label2)}", "job"));
        foreach (JsonObject own in endpoint.Items("relabelings"))
        {
            relabelings.Add(new JsonObject
            {
                ["source_labels"] = own["sourceLabels"]!.DeepClone(),
                ["target_label"] = own["targetLabel"]!.DeepClone(),
            });
        }

        return new JsonObject
        {
            ["job_name"] = $"podMonitor/{monitor.Text("metadata", "namespace")}/{monitor.Text("metadata", "name")}",
            ["honor_labels"] = endpoint.Flag("honorLabels"),
            ["scrape_interval"] = endpoint.Text("interval"),
            ["file_sd_configs"] = new JsonArray(new JsonObject { ["files"] = new JsonArray(targets) }),
            ["relabel_configs"] = relabelings,
        };
    }

    /// <summary>A target for each port of each pod that runs, with what is known of it.</summary>
    public static JsonArray Targets(IEnumerable<JsonObject> pods)
    {
        var targets = new JsonArray();
        foreach (JsonObject pod in pods.Where(each => each.Text("status", "phase") == "Running"))
        {
            foreach (JsonObject port in pod.Items("spec", "containers").SelectMany(each => each.Items("ports")))
            {
                var labels = new JsonObject
                {
                    [$"{Meta}namespace"] = pod.Text("metadata", "namespace"),
                    [$"{Meta}pod_name"] = pod.Text("metadata", "name"),
                    [$"{Meta}pod_container_port_name"] = port.Text("name"),
                };
                foreach ((string name, string value) in pod.Pairs("metadata", "labels"))
                    labels[$"{Meta}pod_label_{Word(name)}"] = value;
                string address = $"{pod.Text("status", "podIP")}:{port.Number("containerPort")}";
                targets.Add(new JsonObject { ["targets"] = new JsonArray(address), ["labels"] = labels });
            }
        }

        return targets;
    }

    private static JsonObject Keep(string source, string value) => new()
    {
        ["source_labels"] = new JsonArray(Meta + source),
        ["action"] = "keep",
        ["regex"] = value,
    };

    private static JsonObject Copy(string source, string target) => new()
    {
        ["source_labels"] = new JsonArray(Meta + source),
        ["target_label"] = target,
    };

    /// <summary>A name as Prometheus writes it.</summary>
    private static string Word(string name) =>
        string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));
}
