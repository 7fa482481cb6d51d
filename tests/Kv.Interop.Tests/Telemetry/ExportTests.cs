using Kv.Interop.Tests.Figures;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Telemetry;

public sealed class ExportTests
{
    private const string SdkThread = "OpenTelemetry";

    private static readonly TimeSpan LineMax = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Nothing_of_the_SDK_runs_unless_something_is_exported()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["m1"]));
        await TracedNode.PutAsync(node);

        Assert.DoesNotContain(ThreadsOf(node), name => name.StartsWith(SdkThread, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_can_be_scraped_is_exported_too_and_the_runtime_with_it()
    {
        using var folder = new TempDirectory();
        await using var collector = OtlpCollector.Start();
        NodeSettings settings = new NodeSettings(folder["m1"]) { Environment = TracedNode.Variables(collector.Url) }
            .With(("OTEL_TRACES_EXPORTER", "none"));
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);
        Assert.Contains(ThreadsOf(node), name => name.StartsWith(SdkThread, StringComparison.Ordinal));

        await TracedNode.PutAsync(node);
        await TracedNode.PutAsync(node);
        await collector.WaitForAsync(each => each.Points.Any(point => point is
        {
            Metric: "etcd_mvcc_put_total", Value: 2,
        }));

        MetricsPage page = await MetricsPage.ReadAsync(node.Url);
        HashSet<string> exported = [.. collector.Points.Select(point => point.Metric)];
        Assert.All(page.Types, family => Assert.Contains(
            family.Value == "histogram" ? $"{family.Key}_bucket" : family.Key, exported));
        Assert.Contains("dotnet.gc.collections", exported);
        Assert.Contains(collector.Points, point => point.Metric == "grpc_server_handled_total" && point.Value == 2
            && point.Tags["grpc_method"] == "Put" && point.Tags["grpc_code"] == "OK");
        Assert.Contains(collector.Points, point => point.Metric == "etcd_disk_wal_fsync_duration_seconds_bucket"
            && point.Tags["le"] == "+Inf" && point.Value > 0);
        Assert.All(collector.Points, point => Assert.Equal("m1", point.Resource["service.instance.id"]));
        Assert.Empty(collector.Spans);
    }

    /// <summary>Nobody waits for a collector: not who writes, and not who ends the node.</summary>
    [Theory]
    [InlineData(CollectorMood.Hanging)]
    [InlineData(CollectorMood.Failing)]
    [InlineData(null)] // there is none
    public async Task Writes_go_on_while_a_collector_takes_nothing_and_the_loss_is_told(CollectorMood? mood)
    {
        using var folder = new TempDirectory();
        await using var collector = OtlpCollector.Start(mood ?? CollectorMood.Taking);
        if (mood is null)
            await collector.DisposeAsync();
        NodeSettings settings = new NodeSettings(folder["m1"]) { Environment = TracedNode.Variables(collector.Url) }
            .With(("OTEL_BSP_MAX_QUEUE_SIZE", "16"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16"),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"), ("OTEL_BSP_EXPORT_TIMEOUT", "60000"));
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);

        const int Puts = 50;
        for (int put = 0; put < Puts; put++)
            await TracedNode.PutAsync(node);

        Assert.True(await node.SaysAsync("telemetry was lost", LineMax), node.Output);
        Assert.Equal(Puts, await Processes.Metrics.ReadAsync(node.Url, "etcd_mvcc_put_total"));
        await node.StopAsync(); // fails if that takes long
        Assert.Contains("closed etcd server", node.Output);
        Assert.Equal(1, Count(node.Output, "\"what\":\"spans\""));
    }

    /// <summary>The names of its threads, of which the kernel keeps 15 characters.</summary>
    private static IEnumerable<string> ThreadsOf(NodeProcess node) =>
        Directory.GetDirectories($"/proc/{node.Id}/task").Select(task => File.ReadAllText($"{task}/comm"));

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
