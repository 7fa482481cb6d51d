using System.Diagnostics;
using System.Text.Json.Nodes;
using Kv.Operator.Hosting;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Charts;

/// <summary>What the charts make of values, and what they refuse, by the real helm.</summary>
public sealed class ChartTests : IDisposable
{
    private readonly Helm _helm = new();

    public static TheoryData<string> ValueSets => [.. ChartFiles.ValueSets];

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "kv-operator", "replicaCont=2", "additional properties 'replicaCont' not allowed" },
        { "kv-operator", "config.workers=0", "at '/config/workers': minimum: got 0, want 1" },
        { "kv-operator", "config.logFormat=xml", "at '/config/logFormat': value must be one of 'json', 'text'" },
        { "kv-operator", "image.digest=sha256:12", "at '/image/digest'" },
        { "kv-operator", "watchNamespaces={Team_A}", "at '/watchNamespaces/0'" },
        { "kv-cluster", "spec.replicas=30", "at '/spec/replicas': maximum: got 30, want 9" },
        { "kv-cluster", "spec.replica=3", "at '/spec': additional properties 'replica' not allowed" },
        { "kv-cluster", "spec.storage.size=plenty", "at '/spec/storage/size'" },
        { "kv-cluster", "spec.env[0].name=PATH", "at '/spec/env/0/name'" },
        { "kv-cluster", "spec.env[0].valueFrom.fieldRef=a", "additional properties 'fieldRef' not allowed" },
        { "kv-cluster", "fullnameOverride=1st", "at '/fullnameOverride'" },
    };

    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task Lint_finds_nothing(string valueSet)
    {
        string said = await _helm.RunAsync(
            "lint", "--strict", ChartFiles.ChartOf(valueSet), "--values", Path.Combine(ChartFiles.Folder, valueSet));

        Assert.Contains("0 chart(s) failed", said, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task Helm_3_makes_the_same_of_a_chart(string valueSet)
    {
        using var older = new Helm(program: "helm3");
        Assert.StartsWith("v3.", await older.RunAsync("version", "--short"), StringComparison.Ordinal);
        Assert.StartsWith("v4.", await _helm.RunAsync("version", "--short"), StringComparison.Ordinal);
        string values = Path.Combine(ChartFiles.Folder, valueSet);
        string[] words = ["template", "rel", ChartFiles.ChartOf(valueSet), "--values", values];

        Assert.Equal(await _helm.RunAsync(words), await older.RunAsync(words));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Values_that_are_wrong_are_refused_by_name(string chart, string value, string message)
    {
        string said = await _helm.FailAsync("template", "rel", Path.Combine(ChartFiles.Folder, chart), "--set", value);

        Assert.Contains(message, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_release_whose_name_no_cluster_can_have_is_refused()
    {
        string said = await _helm.FailAsync("template", new string('a', 41), ChartFiles.Cluster);

        Assert.Contains("set fullnameOverride", said, StringComparison.Ordinal);
    }

    /// <summary>The image, an address and the like are the operator's flags: each is one that it knows.</summary>
    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task The_operator_knows_all_flags_that_it_is_given(string valueSet)
    {
        foreach (JsonObject deployment in (await RenderAsync(valueSet)).Where(each => IsOf(each, "Deployment")))
        {
            JsonObject container = deployment.Items("spec", "template", "spec", "containers").Single();

            OperatorOptions.Parse([.. container.Texts("args")], _ => null, out IReadOnlyList<string> faults);

            Assert.Empty(faults);
        }
    }

    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task Pods_are_fit_for_the_restricted_profile(string valueSet)
    {
        foreach (JsonObject each in await RenderAsync(valueSet))
        {
            JsonObject? pod = each.Text("kind") switch
            {
                "Deployment" => each.Map("spec", "template", "spec"),
                "Pod" => each.Map("spec"),
                _ => null,
            };
            if (pod is null)
                continue;
            JsonObject container = pod.Items("containers").Single();
            Assert.True(pod.Flag("securityContext", "runAsNonRoot"));
            Assert.Equal("RuntimeDefault", pod.Text("securityContext", "seccompProfile", "type"));
            Assert.True(container.Flag("securityContext", "readOnlyRootFilesystem"));
            Assert.Equal(["ALL"], container.Texts("securityContext", "capabilities", "drop"));
            Assert.False(container.Flag("securityContext", "allowPrivilegeEscalation"));
            Assert.NotNull(container.Text("resources", "limits", "memory"));
            Assert.Contains(container.Items("env"), variable =>
                variable.Text("name") == "DOTNET_EnableDiagnostics" && variable.Text("value") == "0");
            Assert.NotNull(pod["automountServiceAccountToken"]);
            Assert.False(pod.Flag("automountServiceAccountToken"));
        }
    }

    /// <summary>What a newer version of the chart calls itself must not be part of what pods are chosen by: that
    /// cannot be changed.</summary>
    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task Pods_are_chosen_by_what_never_changes(string valueSet)
    {
        foreach (JsonObject each in await RenderAsync(valueSet))
        {
            JsonObject? chosen = each.Text("kind") switch
            {
                "Deployment" or "PodDisruptionBudget" => each.Map("spec", "selector", "matchLabels"),
                "Service" => each.Map("spec", "selector"),
                _ => null,
            };
            if (chosen is not null)
                Assert.Equal(["app.kubernetes.io/name", "app.kubernetes.io/instance"], chosen.Select(pair => pair.Key));
        }
    }

    [Fact]
    public async Task The_pod_that_tests_a_release_is_no_operator_to_the_service()
    {
        IReadOnlyList<JsonObject> rendered = await RenderAsync("kv-operator/ci/default-values.yaml");
        JsonObject service = rendered.Single(each => IsOf(each, "Service"));
        JsonObject test = rendered.Single(each => IsOf(each, "Pod"));

        Assert.Equal("test", test.Text("metadata", "annotations", "helm.sh/hook"));
        Assert.NotEmpty(service.Pairs("spec", "selector").Except(test.Pairs("metadata", "labels")));
    }

    [Fact]
    public async Task A_digest_goes_before_a_tag_and_a_registry_before_both_images()
    {
        JsonObject container = (await RenderAsync("kv-operator/ci/airgap-values.yaml"))
            .Single(each => IsOf(each, "Deployment")).Items("spec", "template", "spec", "containers").Single();

        Assert.StartsWith(
            "registry.example.org:5000/kvoperator/kv-operator@sha256:0123", container.Text("image"),
            StringComparison.Ordinal);
        Assert.Contains(
            "--image-repository=registry.example.org:5000/kvoperator/kv-node", container.Texts("args"));
        Assert.Contains("--default-version=3.7.0", container.Texts("args"));
    }

    /// <summary>Variables are never there twice: an API server refuses that.</summary>
    [Theory]
    [InlineData("default", "service.namespace=$(POD_NAMESPACE),k8s.namespace.name=$(POD_NAMESPACE)", false)]
    [InlineData("extras", "k8s.pod.name=$(POD_NAME),team=storage", true)]
    public async Task What_the_operator_exports_says_whose_it_is(string values, string attributes, bool isExported)
    {
        JsonObject container = (await RenderAsync($"kv-operator/ci/{values}-values.yaml"))
            .Single(each => IsOf(each, "Deployment")).Items("spec", "template", "spec", "containers").Single();
        string[] names = [.. container.Items("env").Select(variable => variable.Text("name")!)];
        JsonObject given = container.Items("env").Single(each => each.Text("name") == "OTEL_RESOURCE_ATTRIBUTES");

        Assert.StartsWith(attributes, given.Text("value"), StringComparison.Ordinal);
        Assert.Equal(names.Distinct(), names);
        Assert.True(Array.IndexOf(names, "NODE_NAME") < Array.IndexOf(names, "OTEL_RESOURCE_ATTRIBUTES"));
        Assert.Equal(isExported, names.Contains("OTEL_EXPORTER_OTLP_ENDPOINT"));
    }

    /// <summary>Uninstalling the operator must not delete the data of all clusters.</summary>
    [Fact]
    public async Task Definitions_stay_unless_somebody_wants_them_to_go()
    {
        JsonObject[] kept = [.. (await RenderAsync("kv-operator/ci/default-values.yaml")).Where(IsDefinition)];
        JsonObject[] going =
            [.. (await _helm.RenderAsync(ChartFiles.Operator, "--set", "crds.keep=false")).Where(IsDefinition)];

        Assert.Equal(2, kept.Length);
        Assert.All(kept, each => Assert.Equal("keep", each.Text("metadata", "annotations", "helm.sh/resource-policy")));
        Assert.Equal(2, going.Length);
        Assert.All(going, each => Assert.Null(each.Text("metadata", "annotations", "helm.sh/resource-policy")));
    }

    [Fact]
    public async Task What_is_made_from_something_else_is_as_it_would_be_made_now()
    {
        using var folder = new TempDirectory();
        string copy = folder["charts"];
        await Tool.RunAsync(new ProcessStartInfo("cp", ["-r", ChartFiles.Folder, copy]), TimeSpan.FromSeconds(10));
        await Tool.RunAsync(
            new ProcessStartInfo("bash", [Path.Combine(ChartFiles.Folder, "generate.sh"), copy]),
            TimeSpan.FromSeconds(60));

        (int code, string differences, _) = await Tool.TryAsync(
            new ProcessStartInfo("diff", ["-ru", ChartFiles.Folder, copy]), TimeSpan.FromSeconds(10));
        Assert.True(code == 0, $"charts/generate.sh writes something else:\n{differences}");
    }

    [Fact]
    public async Task Every_value_is_explained_in_the_chart_and_in_its_readme()
    {
        foreach (string chart in new[] { ChartFiles.Operator, ChartFiles.Cluster })
        {
            string readme = await File.ReadAllTextAsync(Path.Combine(chart, "README.md"));
            string[] lines = await File.ReadAllLinesAsync(Path.Combine(chart, "values.yaml"));
            JsonObject schema = JsonFields.ParseObject(
                await File.ReadAllTextAsync(Path.Combine(chart, "values.schema.json")));
            foreach ((string name, JsonNode? _) in YamlReader.Read(string.Join('\n', lines)).Single())
            {
                Assert.True(schema.Map("properties", name) is not null, $"{name} is not in the schema of {chart}.");
                bool isTold = readme.Contains($"| `{name}", StringComparison.Ordinal);
                Assert.True(isTold, $"{name} is not in the README of {chart}.");
            }

        }
    }

    public void Dispose() => _helm.Dispose();

    private static bool IsOf(JsonObject value, string kind) => value.Text("kind") == kind;

    private static bool IsDefinition(JsonObject value) => IsOf(value, "CustomResourceDefinition");

    private Task<IReadOnlyList<JsonObject>> RenderAsync(string valueSet) => _helm.RenderAsync(
        ChartFiles.ChartOf(valueSet), "--values", Path.Combine(ChartFiles.Folder, valueSet));
}
