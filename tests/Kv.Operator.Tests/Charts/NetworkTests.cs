using System.Text.Json.Nodes;
using Kv.Operator.Objects;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Charts;

/// <summary>Who reaches whom: policies, budgets and monitors of the charts, held against the pods that they are
/// for.</summary>
public sealed class NetworkTests : IDisposable
{
    private readonly Helm _helm = new();

    [Fact]
    public async Task A_policy_lets_in_what_is_served_and_lets_out_what_is_called()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.Operator, "--set", "networkPolicy.enabled=true,networkPolicy.egress.enabled=true",
            "--set-json", """networkPolicy.metricsFrom=[{"podSelector":{"matchLabels":{"app":"prometheus"}}}]""",
            "--set", "networkPolicy.egress.apiServerCIDRs={10.0.0.1/32}");
        JsonObject policy = One(rendered, "NetworkPolicy");
        JsonObject[] ingress = [.. policy.Items("spec", "ingress")];
        JsonObject[] egress = [.. policy.Items("spec", "egress")];

        MustChoose(policy.Map("spec", "podSelector", "matchLabels"), Pod(rendered));
        Assert.Equal(["Ingress", "Egress"], policy.Texts("spec", "policyTypes"));
        Assert.Equal(PortsOf(Pod(rendered)).Order(), ingress.SelectMany(Ports).Order());
        Assert.Equal([null, "prometheus"], ingress.Select(rule =>
            rule.Items("from").FirstOrDefault().Text("podSelector", "matchLabels", "app")));
        Assert.Equal([53, 53], Ports(egress[0]));
        Assert.Equal([443, 6443], Ports(egress[1]));
        Assert.Equal("10.0.0.1/32", egress[1].Items("to").Single().Text("ipBlock", "cidr"));
        Assert.Equal([ClusterLayout.ClientPort, ClusterLayout.MetricsPort], Ports(egress[2]));
        JsonObject members = egress[2].Items("to").Single();
        Assert.Empty(members.Map("namespaceSelector")!); // of all namespaces
        MustChoose(members.Map("podSelector", "matchLabels"), Member());
    }

    [Fact]
    public async Task Monitors_choose_what_there_is_and_a_port_that_it_has()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.Operator, "--values", Path.Combine(ChartFiles.Operator, "ci", "monitoring-values.yaml"));
        JsonObject service = One(rendered, "Service");
        JsonObject monitor = One(rendered, "ServiceMonitor");
        JsonObject endpoint = monitor.Items("spec", "endpoints").Single();

        MustChoose(monitor.Map("spec", "selector", "matchLabels"), service);
        Assert.Contains(service.Items("spec", "ports"), port => port.Text("name") == endpoint.Text("port"));
        Assert.True(endpoint.Flag("honorLabels"));
        MustChoose(service.Map("spec", "selector"), Pod(rendered));
        MustScrape(rendered, "rel-kv-operator", Pod(rendered));
        MustScrape(rendered, "rel-kv-operator-members", Member());
    }

    /// <summary>So that a member has the same labels whichever of them scrapes it.</summary>
    [Fact]
    public async Task A_cluster_scrapes_its_members_as_the_operators_chart_does()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.Cluster, "--set", "fullnameOverride=demo,podMonitor.enabled=true");
        JsonObject all = One(
            await _helm.RenderAsync(ChartFiles.Operator, "--set", "metrics.members.enabled=true"), "PodMonitor");

        MustScrape(rendered, "demo", Member());
        JsonObject own = One(rendered, "PodMonitor");
        foreach (string part in new[] { "jobLabel", "podMetricsEndpoints" })
            Assert.True(JsonFields.AreSame(all.At("spec", part), own.At("spec", part)), part);
    }

    [Fact]
    public async Task A_budget_lets_one_operator_go_at_a_time_and_any_that_is_not_ready()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.Operator, "--values", Path.Combine(ChartFiles.Operator, "ci", "ha-values.yaml"));
        JsonObject budget = One(rendered, "PodDisruptionBudget");

        MustChoose(budget.Map("spec", "selector", "matchLabels"), Pod(rendered));
        Assert.Equal(1, budget.Number("spec", "maxUnavailable"));
        Assert.Equal("AlwaysAllow", budget.Text("spec", "unhealthyPodEvictionPolicy"));
        Assert.True(One(rendered, "Deployment").Number("spec", "replicas") > 1);
        Assert.Contains("--leader-elect=true", Pod(rendered).Items("spec", "containers").Single().Texts("args"));
    }

    public void Dispose() => _helm.Dispose();

    private static JsonObject One(IEnumerable<JsonObject> rendered, string kind) =>
        Assert.Single(rendered, each => each.Text("kind") == kind);

    private static JsonObject Pod(IEnumerable<JsonObject> rendered) =>
        One(rendered, "Deployment").Map("spec", "template")!;

    /// <summary>A member, as the operator makes it.</summary>
    private static JsonObject Member() => YamlReader.Read(File.ReadAllText(Path.Combine(
            ChartFiles.Root, "tests", "Kv.Operator.Tests", "Objects", "golden", "small.objects.yaml")))
        .First(each => each.Text("kind") == "Pod");

    private static void MustScrape(IEnumerable<JsonObject> rendered, string name, JsonObject pod)
    {
        JsonObject monitor = Assert.Single(
            rendered, each => each.Text("kind") == "PodMonitor" && each.Text("metadata", "name") == name);
        MustChoose(monitor.Map("spec", "selector", "matchLabels"), pod);
        string? port = monitor.Items("spec", "podMetricsEndpoints").Single().Text("port");
        Assert.Contains(
            pod.Items("spec", "containers").SelectMany(each => each.Items("ports")),
            each => each.Text("name") == port);
    }

    private static void MustChoose(JsonObject? labels, JsonObject chosen)
    {
        Assert.NotEmpty(labels!);
        Assert.Empty(labels.Pairs().Except(chosen.Pairs("metadata", "labels")));
    }

    private static IEnumerable<long?> PortsOf(JsonObject pod) => pod.Items("spec", "containers")
        .SelectMany(each => each.Items("ports")).Select(port => port.Number("containerPort"));

    private static IEnumerable<long?> Ports(JsonObject rule) => rule.Items("ports").Select(port => port.Number("port"));
}
