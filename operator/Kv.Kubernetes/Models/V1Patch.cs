using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;

namespace Kv.Kubernetes.Models;

/// <summary>A change to an object, and how it is to be read.</summary>
public sealed class V1Patch(JsonNode content, V1Patch.PatchType type)
{
    public enum PatchType
    {
        /// <summary>RFC 6902: a list of operations, all or none of which happen.</summary>
        JsonPatch,

        /// <summary>RFC 7386: the fields to set; null removes one; lists are replaced.</summary>
        MergePatch,

        /// <summary>Built-in kinds only: as a merge, but lists are merged by their keys.</summary>
        StrategicMergePatch,

        /// <summary>Server-side apply: all the fields that one manager owns.</summary>
        ApplyPatch,
    }

    public JsonNode Content { get; } = content;

    public PatchType Type { get; } = type;

    public string ContentType => Type switch
    {
        PatchType.JsonPatch => "application/json-patch+json",
        PatchType.MergePatch => "application/merge-patch+json",
        PatchType.StrategicMergePatch => "application/strategic-merge-patch+json",
        _ => "application/apply-patch+yaml", // JSON is YAML
    };

    /// <summary>Sets the fields that this object has.</summary>
    public static V1Patch Merge<T>(T fields) => new(KubernetesJson.SerializeToNode(fields), PatchType.MergePatch);
}
