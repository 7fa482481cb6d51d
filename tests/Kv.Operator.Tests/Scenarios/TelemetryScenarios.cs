using System.Text.Json.Nodes;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>What a collector gets of members whose cluster is told to export.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class TelemetryScenarios(ScenarioSite site)
{
    [Fact]
    public async Task Members_restart_one_by_one_to_export_and_say_whose_they_are()
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, "The collector is out of reach for the pods of this Kubernetes.");
        await using var collector = OtlpCollector.Start();
        ScenarioCluster cluster = await site.TrioAsync();
        HashSet<string> before = [.. cluster.Pods.Select(pod => pod.Uid())];
        string secret = site.NextName("collector");
        await site.Client.CreateAsync(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = secret, NamespaceProperty = site.Space },
            StringData = new Dictionary<string, string> { ["headers"] = "tenant=one" },
        });

        await cluster.ChangeAsync(new JsonObject { ["env"] = Variables(collector.Url, secret) }.ToJsonString());
        await cluster.UntilReadyAsync();
        string[] members = [.. cluster.Pods.Select(pod => pod.Name()).Order(StringComparer.Ordinal)];
        await collector.WaitForAsync(each => InstancesOf(each).SequenceEqual(members));

        Assert.DoesNotContain(cluster.Pods, pod => before.Contains(pod.Uid()));
        Assert.Contains("tenant: one", collector.Headers);
        Assert.All(collector.Points, point =>
        {
            string member = point.Resource["service.instance.id"];
            Assert.Equal(
                (cluster.Name, site.Space, site.Space, member, cluster.PodOf(member).Spec.NodeName, "here"),
                (point.Resource["service.name"], point.Resource["service.namespace"],
                    point.Resource["k8s.namespace.name"], point.Resource["k8s.pod.name"],
                    point.Resource["k8s.node.name"], point.Resource["deployment.environment.name"]));
        });
        cluster.Guard.MustHaveSeenNothingWrong();
    }

    private static JsonArray Variables(Uri collector, string secret) =>
    [
        Variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector.ToString()),
        Variable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        Variable("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        Variable("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=here"),
        new JsonObject
        {
            ["name"] = "OTEL_EXPORTER_OTLP_HEADERS",
            ["valueFrom"] = new JsonObject
            {
                ["secretKeyRef"] = new JsonObject { ["name"] = secret, ["key"] = "headers" },
            },
        },
    ];

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };

    private static IEnumerable<string> InstancesOf(OtlpCollector collector) => collector.Points
        .Where(point => point.Metric == "etcd_server_is_leader")
        .Select(point => point.Resource["service.instance.id"])
        .Distinct()
        .Order(StringComparer.Ordinal);
}
