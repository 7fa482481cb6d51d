using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Charts;

/// <summary>The alerts, judged by Prometheus' own tool: expressions that it reads, that fire when they should and not
/// otherwise, each with a runbook, and made of figures that are there.</summary>
public sealed partial class AlertTests : IDisposable
{
    /// <summary>Of Kubernetes itself, not ours.</summary>
    private static readonly string[] OfOthers =
        ["kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"];

    private static readonly string[] Severities = ["info", "warning", "critical"];
    private static readonly string[] SourceFolders = ["node", "operator"];

    private readonly Helm _helm = new();
    private readonly TempDirectory _folder = new();

    [Fact]
    public async Task Prometheus_reads_all_rules_and_each_fires_as_its_unit_test_says()
    {
        await WriteRulesAsync();
        File.Copy(Path.Combine(ChartFiles.Operator, "tests", "alerts_test.yaml"), _folder["alerts_test.yaml"]);

        string read = await PromtoolAsync("check", "rules", "annotated.yaml");
        string tested = await PromtoolAsync("test", "rules", "alerts_test.yaml");

        Assert.Contains("SUCCESS", read, StringComparison.Ordinal);
        Assert.Contains("SUCCESS", tested, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_alert_has_a_unit_test_and_a_runbook_and_every_runbook_an_alert()
    {
        string tests = await File.ReadAllTextAsync(Path.Combine(ChartFiles.Operator, "tests", "alerts_test.yaml"));
        string[] alerts = [.. (await WriteRulesAsync()).Select(rule => rule.Text("alert")!).Distinct().Order()];
        string[] runbooks =
        [
            .. Directory.EnumerateFiles(Path.Combine(ChartFiles.Operator, "runbooks"), "*.md")
                .Select(path => Path.GetFileNameWithoutExtension(path)).Order(),
        ];

        Assert.Equal(alerts, runbooks);
        Assert.All(alerts, alert => Assert.Contains($"alertname: {alert}\n", tests, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_alert_has_a_severity_a_summary_and_the_address_of_its_runbook()
    {
        foreach (JsonObject rule in await WriteRulesAsync())
        {
            Assert.Contains(rule.Text("labels", "severity"), Severities);
            Assert.NotEmpty(rule.Text("annotations", "summary")!);
            Assert.NotEmpty(rule.Text("annotations", "description")!);
            string? url = rule.Text("annotations", "runbook_url");
            Assert.EndsWith($"/runbooks/{rule.Text("alert")}.md", url, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Alerts_that_are_left_out_are_left_out()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.Operator, "--values", Path.Combine(ChartFiles.Operator, "ci", "monitoring-values.yaml"));
        JsonObject[] rules = [.. RulesOf(rendered)];

        Assert.DoesNotContain(rules, rule => rule.Text("alert") == "KvMemberFragmented");
        Assert.All(rules, rule => Assert.Equal("storage", rule.Text("labels", "team")));
    }

    /// <summary>A figure that nobody tells is an alert that never fires and a panel that stays empty.</summary>
    [Fact]
    public async Task Alerts_and_dashboards_are_made_of_figures_that_are_told()
    {
        string sources = string.Join('\n', SourceFolders
            .SelectMany(folder => Directory.EnumerateFiles(
                Path.Combine(ChartFiles.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        string[] expressions =
        [
            .. (await WriteRulesAsync()).Select(rule => rule.Text("expr")!),
            .. DashboardTests.Expressions(),
        ];
        string[] used =
        [
            .. expressions.SelectMany(FiguresOf).Select(name => Suffix().Replace(name, "")).Distinct().Except(OfOthers),
        ];

        Assert.InRange(used.Length, 30, 200);
        Assert.All(used, name => Assert.Contains($"\"{name}\"", sources, StringComparison.Ordinal));
    }

    /// <summary>The figures that an expression is made of.</summary>
    internal static IEnumerable<string> FiguresOf(string expression) =>
        Figure().Matches(expression).Select(match => match.Value);

    public void Dispose()
    {
        _helm.Dispose();
        _folder.Dispose();
    }

    /// <summary>Writes the rules as files that Prometheus reads without an operator of its own, one of them without
    /// annotations.</summary>
    private async Task<JsonObject[]> WriteRulesAsync()
    {
        JsonObject[] groups =
        [
            .. (await _helm.RenderAsync(ChartFiles.Operator, "--set", "metrics.prometheusRule.enabled=true"))
                .Single(each => each.Text("kind") == "PrometheusRule").Items("spec", "groups"),
        ];
        JsonObject file = new() { ["groups"] = new JsonArray([.. groups.Select(each => each.DeepClone())]) };
        await File.WriteAllTextAsync(_folder["annotated.yaml"], file.ToJsonString());
        foreach (JsonObject rule in file.Items("groups").SelectMany(each => each.Items("rules")))
            rule.Remove("annotations");
        await File.WriteAllTextAsync(_folder["rules.yaml"], file.ToJsonString());
        return [.. groups.SelectMany(each => each.Items("rules"))];
    }

    private static IEnumerable<JsonObject> RulesOf(IEnumerable<JsonObject> rendered) => rendered
        .Single(each => each.Text("kind") == "PrometheusRule")
        .Items("spec", "groups").SelectMany(each => each.Items("rules"));

    private Task<string> PromtoolAsync(params string[] words) => Tool.RunAsync(
        new ProcessStartInfo("promtool", words) { WorkingDirectory = _folder.Path }, TimeSpan.FromSeconds(60));

    [GeneratedRegex(
        @"\b(etcd|os|process|grpc|kv|kvcluster|kubelet|controller_runtime|workqueue|rest_client|leader_election)"
        + "_[a-z_]+")]
    private static partial Regex Figure();

    /// <summary>What a histogram's series end in.</summary>
    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();
}
