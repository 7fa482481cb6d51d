using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes;

/// <summary>Operations of RFC 6902, in order. A failing <see cref="Test"/> makes the server refuse them all, so that a
/// change happens only to what it was thought out for.</summary>
public sealed class JsonPatchDocument
{
    private readonly JsonArray _operations = [];

    public JsonPatchDocument Test<T>(string path, T value) => With("test", path, value);

    public JsonPatchDocument Add<T>(string path, T value) => With("add", path, value);

    public JsonPatchDocument Replace<T>(string path, T value) => With("replace", path, value);

    public JsonPatchDocument Remove(string path)
    {
        _operations.Add(new JsonObject { ["op"] = "remove", ["path"] = path });
        return this;
    }

    public V1Patch ToPatch() => new(_operations.DeepClone(), V1Patch.PatchType.JsonPatch);

    /// <summary>A key as part of a path: <c>~</c> and <c>/</c> mean something there.</summary>
    public static string Escape(string key) =>
        key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private JsonPatchDocument With<T>(string operation, string path, T value)
    {
        _operations.Add(new JsonObject
        {
            ["op"] = operation,
            ["path"] = path,
            ["value"] = value is null ? null : KubernetesJson.SerializeToNode(value),
        });
        return this;
    }
}
