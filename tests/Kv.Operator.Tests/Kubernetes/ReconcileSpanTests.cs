using System.Text.Json.Nodes;
using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Hosting;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Reconciliation;
using Kv.Telemetry;
using Kv.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>What a collector gets of an operator: passes and figures.</summary>
public sealed class ReconcileSpanTests
{
    private const string Pets = "/apis/example.io/v1/pets";

    [Fact]
    public async Task Each_pass_is_a_span_with_what_came_of_it_and_what_was_done()
    {
        await using var collector = OtlpCollector.Start();
        await using FakeApiServer server = await FakeApiServer.StartAsync();
        string space = $"n-{Guid.NewGuid()}";
        server.On($"WATCH {Pets}", new WatchFeed().Answer);
        var list = new JsonObject
        {
            ["kind"] = "PetList",
            ["metadata"] = new JsonObject { ["resourceVersion"] = "9" },
            ["items"] = new JsonArray(Pet(space, "rex"), Pet(space, "tom")),
        };
        server.On($"GET {Pets}", Answers.Json(list.ToJsonString()));
        using (TelemetryExport export = Start(collector))
        {
            using var metrics = new RuntimeMetrics();
            using var client = new KubernetesClient(
                new KubernetesClientConfiguration { Host = server.Url }, metrics, TimeProvider.System);
            var runtime = new OperatorRuntime(
                client, new OperatorSettings { Name = "test" }, metrics, NullLoggerFactory.Instance);
            var controller = new PetController { OnReconcile = (pet, _) => Feed(pet) };
            runtime.AddController(
                controller, new ControllerOptions { Name = "pets", Workers = 2, AutoAttachFinalizers = false });
            using var stop = new CancellationTokenSource();
            Task running = runtime.RunAsync(electionClient: null, stop.Token);
            await collector.WaitForAsync(each =>
                Of(each, space, "rex") is not null && Of(each, space, "tom") is not null);
            await stop.CancelAsync();
            await running;
            export.Dispose();
        }

        CollectedSpan rex = Of(collector, space, "rex")!;
        CollectedSpan tom = Of(collector, space, "tom")!;
        Assert.Equal(("pets", "success"), (rex.Tags["controller"], rex.Tags["result"]));
        Assert.Equal(["Fed"], rex.Events);
        Assert.Equal(("error", 2), (tom.Tags["result"], tom.StatusCode));
        Assert.Empty(tom.Events);
        Assert.Contains(collector.Points, point => point.Metric == "controller_runtime_reconcile_total"
            && point.Value > 0 && point.Tags["controller"] == "pets" && point.Tags["result"] == "success");
        Assert.Contains(collector.Points, point => point.Metric == "dotnet.gc.collections");
    }

    [Fact]
    public void Without_a_listener_there_is_no_span() => ReconcileSpan.AddEvent("nobody hears of it");

    private static Task<ReconciliationResult<Pet>> Feed(Pet pet)
    {
        if (pet.Name() == "tom")
            throw new IOException("no food");
        ReconcileSpan.AddEvent("Fed", "with what it likes");
        return Task.FromResult(ReconciliationResult<Pet>.Success(pet));
    }

    private static CollectedSpan? Of(OtlpCollector collector, string space, string name) =>
        collector.Spans.FirstOrDefault(span => span.Name == "reconcile"
            && span.Tags.GetValueOrDefault("k8s.namespace.name") == space && span.Tags["k8s.object.name"] == name);

    private static TelemetryExport Start(OtlpCollector collector)
    {
        var faults = new List<string>();
        var variables = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "20",
        };
        var settings = new OtelVariables(variables.GetValueOrDefault, faults)
            .Read(new TelemetryIdentity("kv-operator", "1", "pod-1"));
        Assert.Empty(faults);
        return TelemetryExport.Start(
            settings, ReconcileSpan.SourceName, RuntimeMetrics.MeterName, TimeProvider.System, (_, _) => { });
    }

    private static JsonObject Pet(string space, string name) => new()
    {
        ["apiVersion"] = "example.io/v1",
        ["kind"] = "Pet",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = space,
            ["uid"] = $"uid-{name}",
            ["resourceVersion"] = "1",
            ["generation"] = 1,
        },
    };
}
