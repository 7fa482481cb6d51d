using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>An object as its scale: how many replicas it wants and has.</summary>
internal static class ScaleForm
{
    public static JsonObject Of(ResourceType type, JsonObject value)
    {
        ScalePaths paths = type.Scale!;
        JsonObject metadata = [];
        foreach (string name in new[] { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" })
            metadata[name] = value.At("metadata", name)?.DeepClone();
        JsonObject status = new() { ["replicas"] = value.Number(Split(paths.StatusReplicas)) ?? 0 };
        if (paths.Selector is not null && value.Text(Split(paths.Selector)) is { } selector)
            status["selector"] = selector;
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = value.Number(Split(paths.SpecReplicas)) ?? 0 },
            ["status"] = status,
        };
    }

    /// <summary>Changes how many an object wants.</summary>
    /// <param name="change">Gets the scale as it is.</param>
    public static JsonObject Change(ResourceType type, JsonObject value, Func<JsonObject, JsonObject> change)
    {
        JsonObject scale = change(Of(type, value));
        long replicas = scale.Number("spec", "replicas") ?? 0;
        if (replicas < 0)
        {
            throw RefusedException.Invalid(
                type, value.Text("metadata", "name") ?? "",
                [FieldFault.Invalid("spec.replicas", replicas, "should be a non-negative integer")]);
        }

        string[] path = Split(type.Scale!.SpecReplicas);
        value.Ensure(path.AsSpan(..^1))[path[^1]] = replicas;
        if (scale.Text("metadata", "resourceVersion") is { Length: > 0 } version)
            value.Ensure("metadata")["resourceVersion"] = version;
        return value;
    }

    private static string[] Split(string path) => path.TrimStart('.').Split('.');
}
