using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;

namespace Kv.Sandbox.Json;

/// <summary>The objects of a manifest, in the JSON that they stand for.</summary>
internal static class YamlReader
{
    /// <summary>The objects of a file of one or more documents; empty documents are left out.</summary>
    /// <exception cref="JsonException">It is no YAML, or a document is no object.</exception>
    public static IReadOnlyList<JsonObject> Read(string text)
    {
        try
        {
            return
            [
                .. KubernetesYaml.ToJson(text)
                    .Select(node => node as JsonObject ?? throw new JsonException("A document is no object.")),
            ];
        }
        catch (FormatException fault)
        {
            throw new JsonException(fault.Message, fault);
        }
    }
}
