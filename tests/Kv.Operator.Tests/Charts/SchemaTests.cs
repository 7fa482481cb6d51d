using System.Diagnostics;
using System.Text.Json.Nodes;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Charts;

/// <summary>What the charts render has the types that Kubernetes' own schemas ask for.</summary>
public sealed class SchemaTests : IDisposable
{
    /// <summary>Of others, or ours.</summary>
    private static readonly string[] NotOfKubernetes = ["KvCluster", "PodMonitor", "PrometheusRule", "ServiceMonitor"];

    private static readonly string[] Policies =
        ["--set", "networkPolicy.enabled=true", "--set", "networkPolicy.egress.enabled=true"];

    private readonly Helm _helm = new();
    private readonly TempDirectory _folder = new();

    public static TheoryData<string> ValueSets => [.. ChartFiles.ValueSets];

    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task Kubernetes_knows_the_objects_of_a_value_set(string valueSet)
    {
        string[] policies = valueSet.StartsWith("kv-operator", StringComparison.Ordinal) ? Policies : [];
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.ChartOf(valueSet), ["--values", Path.Combine(ChartFiles.Folder, valueSet), .. policies]);

        string[] said = await CheckAsync(rendered);

        Assert.Equal(rendered.Count, said.Length);
        Assert.DoesNotContain(said, line => line.StartsWith("wrong", StringComparison.Ordinal));
        Assert.Empty(said.Where(line => line.StartsWith("unknown", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[1]).Except(NotOfKubernetes));
    }

    [Fact]
    public async Task What_is_of_another_type_is_told()
    {
        string[] said = await CheckAsync([JsonFields.ParseObject(
            """
            { "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "a" },
              "spec": { "maxUnavailable": [ 1 ] } }
            """)]);

        Assert.StartsWith("wrong PodDisruptionBudget a: data/spec/maxUnavailable", said[0], StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _helm.Dispose();
        _folder.Dispose();
    }

    private async Task<string[]> CheckAsync(IEnumerable<JsonObject> objects)
    {
        string tools = Path.Combine(ChartFiles.Root, "tests", "tools");
        string file = _folder["objects"];
        await File.WriteAllLinesAsync(file, objects.Select(each => each.ToJsonString()));
        string said = await Tool.RunAsync(
            new ProcessStartInfo(
                "bash",
                ["-euc", $"node {tools}/check-objects.js \"$(bash {tools}/get-kubernetes-models.sh)\" < {file}"]),
            TimeSpan.FromMinutes(2));
        return said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
