using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Tests.Api;

public sealed class CrdTests
{
    private const string Rewrite = "KV_REWRITE";

    public static TheoryData<string> Files => [.. CrdFiles.All().Select(file => file.Name)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Files_say_what_the_types_say(string name)
    {
        string path = Path.Combine(Folder(), name);
        string text = CrdFiles.All().Single(file => file.Name == name).Text;
        if (Environment.GetEnvironmentVariable(Rewrite) == "1")
            File.WriteAllText(path, text);
        Assert.True(File.ReadAllText(path) == text, $"{name} is not what the types say; {Rewrite}=1 writes it anew.");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Files_are_read_as_they_were_meant(string name)
    {
        JsonNode read = Assert.Single(KubernetesYaml.ToJson(File.ReadAllText(Path.Combine(Folder(), name))));
        V1CustomResourceDefinition meant =
            CrdFiles.Definitions.Single(each => each.Metadata.Name!.StartsWith(name[..^5], StringComparison.Ordinal));
        JsonObject expected = KubernetesJson.SerializeToNode(meant).AsObject();
        expected.Remove("status");

        // The reader knows numbers by their looks, so 1.0 and 1 are compared as text.
        Assert.Equal(expected.ToJsonString(), read.ToJsonString());
    }

    [Fact]
    public void Every_list_and_text_that_people_write_has_a_bound()
    {
        string[] unbounded =
            [.. CrdFiles.Definitions.SelectMany(each => Unbounded(each.Spec.Names.Kind, SpecOf(each)))];
        Assert.Empty(unbounded);
    }

    [Fact]
    public void A_spec_of_five_lines_is_filled_in()
    {
        V1KvCluster cluster = KubernetesYaml.Deserialize<V1KvCluster>(
            """
            apiVersion: kvoperator.io/v1
            kind: KvCluster
            metadata: { name: demo }
            spec: { replicas: 3, storage: { size: 1Gi } }
            """);

        Assert.Equal(VolumeRetention.Retain, cluster.Spec.Storage.Retention.WhenDeleted);
        Assert.Null(cluster.Spec.Tls);
    }

    private static V1JSONSchemaProps SpecOf(V1CustomResourceDefinition definition) =>
        definition.Spec.Versions!.Single().Schema!.OpenAPIV3Schema!.Properties!["spec"];

    private static IEnumerable<string> Unbounded(string path, V1JSONSchemaProps schema)
    {
        if (schema.Type == "array" && schema.MaxItems is null && !IsKubernetesOwn(path))
            yield return path;
        if (schema is { Type: "string", MaxLength: null, EnumProperty: null } && !IsKubernetesOwn(path))
            yield return path;

        IDictionary<string, V1JSONSchemaProps>? properties = schema.Properties;
        foreach ((string name, V1JSONSchemaProps below) in properties ?? new Dictionary<string, V1JSONSchemaProps>())
        {
            foreach (string found in Unbounded($"{path}.{name}", below))
                yield return found;
        }
    }

    /// <summary>What is handed on to pods is checked there.</summary>
    private static bool IsKubernetesOwn(string path) => path.Contains(".resources.", StringComparison.Ordinal);

    private static string Folder([CallerFilePath] string test = "") =>
        Path.Combine(Path.GetDirectoryName(test)!, "..", "..", "..", "crds");
}
