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
        Assert.All(
            page.Types.Where(family => family.Value != "histogram"),
            family => Assert.Contains(family.Key, exported));
        Assert.Contains("dotnet.gc.collections", exported);
        Assert.Contains(collector.Points, point => point.Metric == "grpc_server_handled_total" && point.Value == 2
            && point.Tags["grpc_method"] == "Put" && point.Tags["grpc_code"] == "OK");
        Assert.All(collector.Points, point => Assert.Equal("m1", point.Resource["service.instance.id"]));
        Assert.Empty(collector.Spans);
    }

    /// <summary>With etcd's bounds, and what was measured since the node exports.</summary>
    [Fact]
    public async Task Histograms_are_exported_as_they_are_scraped()
    {
        const int Puts = 20;
        const string Sync = "etcd_disk_wal_fsync_duration_seconds";
        const string Apply = "etcd_server_apply_duration_seconds";
        using var folder = new TempDirectory();
        await using var collector = OtlpCollector.Start();
        var settings = new NodeSettings(folder["m1"]) { Environment = TracedNode.Variables(collector.Url) };
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);
        for (int put = 0; put < Puts; put++)
            await TracedNode.PutAsync(node);
        await collector.WaitForAsync(each => OfPuts(each) is { Value: Puts });

        MetricsPage page = await MetricsPage.ReadAsync(node.Url);
        CollectedHistogram apply = OfPuts(collector)!.Histogram!;
        string[] scraped = [.. page.Series.Keys.Where(name => IsOf(name, $"{Apply}_bucket") && IsOfPuts(name))];
        Assert.Equal(scraped.Length, apply.Counts.Count);
        Assert.Equal(apply.Bounds.Count + 1, apply.Counts.Count);
        Assert.Equal(
            scraped.Select(name => page.Series[name]).Order(),
            apply.Counts.Select((_, index) => (double)apply.Counts.Take(index + 1).Sum(count => (long)count)));
        Assert.Equal(
            page.Series.Single(each => IsOf(each.Key, $"{Apply}_sum") && IsOfPuts(each.Key)).Value, apply.Sum,
            precision: 9);
        CollectedPoint sync = collector.Points.Last(point => point.Metric == Sync);
        Assert.Equal(8.192, sync.Histogram!.Bounds[^1]);
        Assert.InRange(sync.Value, Puts, page.Series[$"{Sync}_count"]);
        Assert.DoesNotContain(collector.Points, point => point.Metric == $"{Sync}_bucket");

        static CollectedPoint? OfPuts(OtlpCollector from) =>
            from.Points.LastOrDefault(point => point.Metric == Apply && point.Tags["op"] == "Put");
        static bool IsOf(string series, string name) => series.StartsWith(name + "{", StringComparison.Ordinal);
        static bool IsOfPuts(string series) => series.Contains("op=\"Put\"", StringComparison.Ordinal);
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
