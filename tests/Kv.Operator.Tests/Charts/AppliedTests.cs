using System.Text.Json.Nodes;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;
using Kv.Sandbox.Kubelet;

namespace Kv.Operator.Tests.Charts;

/// <summary>What the charts render is what an API server takes: every object of every value set is sent to one that
/// checks it and keeps nothing.</summary>
public sealed class AppliedTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>, IDisposable
{
    private static readonly string[] Monitoring = ["PodMonitor", "ServiceMonitor", "PrometheusRule"];

    private readonly Helm _helm = new();

    public static TheoryData<string> ValueSets => [.. ChartFiles.ValueSets];

    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task An_api_server_takes_what_is_rendered(string valueSet)
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.ChartOf(valueSet), "--values", Path.Combine(ChartFiles.Folder, valueSet));

        await CheckAsync(rendered);
    }

    [Fact]
    public async Task An_api_server_takes_the_manifest_for_people_without_helm()
    {
        IReadOnlyList<JsonObject> all = YamlReader.Read(
            await File.ReadAllTextAsync(Path.Combine(ChartFiles.Folder, "install.yaml")));

        await CheckAsync(all);
        Assert.Equal("Namespace", all[0].Text("kind"));
        Assert.DoesNotContain(all, each => each.ToJsonString().Contains("\"Helm\"", StringComparison.Ordinal));
    }

    public void Dispose() => _helm.Dispose();

    private async Task CheckAsync(IReadOnlyList<JsonObject> all)
    {
        Assert.NotEmpty(all);
        await api.ClustersDefinedAsync();
        foreach (string kind in Monitoring)
            await DefineAsync(kind);
        foreach (string space in all.Select(each => each.Text("metadata", "namespace")).OfType<string>().Distinct())
            await EnsureAsync("/api/v1/namespaces", Named("v1", "Namespace", space));
        string manifest = string.Join("\n---\n", all.Select(each => each.ToJsonString()));
        string said = await api.Kubectl.RunWithAsync(
            manifest,
            "apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", "-");
        Assert.Equal(all.Count, said.Split('\n').Count(line => line.Contains("dry run", StringComparison.Ordinal)));
    }

    private async Task DefineAsync(string kind)
    {
        JsonObject definition = Named(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition",
            $"{kind.ToLowerInvariant()}s.monitoring.coreos.com");
        definition["spec"] = JsonFields.ParseObject(
            $$"""
            {
              "group": "monitoring.coreos.com", "scope": "Namespaced",
              "names": { "kind": "{{kind}}", "plural": "{{kind.ToLowerInvariant()}}s" },
              "versions": [ { "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object", "required": [ "spec" ], "properties": { "spec": {
                  "type": "object", "x-kubernetes-preserve-unknown-fields": true } } } } } ]
            }
            """);
        await EnsureAsync(ObjectPath.Of("apiextensions.k8s.io/v1", "customresourcedefinitions"), definition);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await api.Client.FindAsync("/apis/monitoring.coreos.com/v1", limit.Token) is not { } list
            || list.Items("resources").All(each => each.Text("kind") != kind))
        {
            await Pause.ForAsync(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }

    private async Task EnsureAsync(string path, JsonObject value)
    {
        try
        {
            await api.Client.CreateAsync(path, value);
        }
        catch (ApiFaultException fault) when (fault.Reason == "AlreadyExists")
        {
            // Another value set was here before.
        }
    }

    private static JsonObject Named(string apiVersion, string kind, string name) => new()
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
    };
}
