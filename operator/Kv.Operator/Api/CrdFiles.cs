using Kv.Kubernetes.Crds;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Api;

/// <summary>The definitions as files: what <c>crds/</c> holds, and a test compares.</summary>
public static class CrdFiles
{
    public static IReadOnlyList<V1CustomResourceDefinition> Definitions { get; } =
        [CrdGenerator.Of<V1KvCluster>(), CrdGenerator.Of<V1KvSnapshot>()];

    /// <summary>File names and contents.</summary>
    public static IEnumerable<(string Name, string Text)> All() => Definitions.Select(definition =>
        ($"{definition.Metadata.Name!.Split('.')[0]}.yaml", ToYaml(definition)));

    private static string ToYaml(V1CustomResourceDefinition definition)
    {
        var json = KubernetesJson.SerializeToNode(definition).AsObject();
        json.Remove("status");
        return YamlText.Write(json);
    }
}
