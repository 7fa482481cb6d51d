using System.Globalization;
using System.Text;
using Kv.Interop.Tests.Clusters;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Telemetry;

public sealed class TraceTests
{
    private const string Call = "etcdserverpb.KV/Put";
    private const int ServerKind = 2;

    [Fact]
    public async Task A_put_is_seen_from_its_call_to_the_store_within_the_trace_of_its_client()
    {
        using var folder = new TempDirectory();
        await using var collector = OtlpCollector.Start();
        NodeSettings settings = new NodeSettings(folder["m1"]) { Environment = TracedNode.Variables(collector.Url) }
            .With(("OTEL_SERVICE_NAME", "kv-test"), ("OTEL_EXPORTER_OTLP_HEADERS", "tenant=one%20two=2"),
                ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=here"));
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);

        await TracedNode.PutAsync(node);
        await collector.WaitForAsync(each => each.Find(Call) is not null && each.Find("apply") is not null);

        CollectedSpan call = collector.Find(Call)!;
        CollectedSpan put = collector.Find("put")!;
        CollectedSpan propose = collector.Find("propose")!;
        CollectedSpan apply = collector.Find("apply")!;
        Assert.Equal(
            [TracedNode.SpanId, call.SpanId, put.SpanId, put.SpanId],
            [call.ParentId, put.ParentId, propose.ParentId, apply.ParentId]);
        Assert.True(call.Start <= put.Start && put.Start <= propose.Start && propose.Start < propose.End);
        Assert.True(propose.End <= apply.Start && apply.Start <= apply.End && apply.End <= put.End);
        Assert.Equal(ServerKind, call.Kind);
        Assert.Equal("etcdserverpb.KV Put grpc 0", string.Join(
            ' ', call.Tags["rpc.service"], call.Tags["rpc.method"], call.Tags["rpc.system"],
            call.Tags["rpc.grpc.status_code"]));
        Assert.Equal("kv-test m1 here", string.Join(
            ' ', call.Resource["service.name"], call.Resource["service.instance.id"],
            call.Resource["deployment.environment"]));
        Assert.Contains("tenant: one two=2", collector.Headers);
        await collector.WaitForAsync(each => each.Spans.Any(span => Holds(span, propose)));
        Assert.False(collector.HasSeen(Encoding.UTF8.GetBytes(TracedNode.Secret)), "keys, values or tokens got out");
    }

    [Fact]
    public async Task A_put_through_a_follower_is_one_trace_and_the_log_of_each_member_names_its_place()
    {
        await using var collector = OtlpCollector.Start();
        await using TestCluster cluster = await TestCluster.StartAsync(
            [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours],
            settings => settings with { Environment = TracedNode.Variables(collector.Url) });
        string leader = await cluster.LeaderAsync();
        NodeProcess follower = cluster.Nodes.First(node => node.Key != leader).Value;

        await TracedNode.PutAsync(follower);
        await collector.WaitForAsync(each => each.Find(Call) is not null && each.Find("apply") is not null);

        CollectedSpan propose = collector.Find("propose")!;
        Assert.Equal(follower.Settings.Name, propose.Resource["service.instance.id"]);
        await collector.WaitForAsync(each => Instances(each.Spans.Where(span => Holds(span, propose))) == 3);
    }

    [Theory]
    [InlineData("Range", "range")]
    [InlineData("RangeStream", "range_stream")]
    public async Task A_range_through_a_follower_shows_how_long_it_waited_for_the_leader(string method, string name)
    {
        string local = TracedNode.TraceId.Replace('0', '1');
        await using var collector = OtlpCollector.Start();
        await using TestCluster cluster = await TestCluster.StartAsync(
            [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours],
            settings => settings with { Environment = TracedNode.Variables(collector.Url) });
        string leader = await cluster.LeaderAsync();
        NodeProcess follower = cluster.Nodes.First(node => node.Key != leader).Value;

        await TracedNode.PutAsync(follower, flags: "00");
        await TracedNode.RangeAsync(follower, isSerializable: false, method);
        await TracedNode.RangeAsync(follower, isSerializable: true, method, local);
        string called = $"etcdserverpb.KV/{method}";
        await collector.WaitForAsync(each => each.Find(called) is not null && each.Find(called, local) is not null
            && each.Find(name, local) is not null && each.Find("read_index") is not null);

        CollectedSpan call = collector.Find(called)!;
        CollectedSpan range = collector.Find(name)!;
        CollectedSpan wait = collector.Find("read_index")!;
        Assert.Equal(
            [TracedNode.SpanId, call.SpanId, range.SpanId], [call.ParentId, range.ParentId, wait.ParentId]);
        Assert.True(call.Start <= range.Start && range.Start <= wait.Start && wait.Start < wait.End);
        Assert.True(wait.End <= range.End && range.End <= call.End);
        Assert.Equal("false", range.Tags["kv.read.serializable"]);
        Assert.Equal("true", collector.Find(name, local)!.Tags["kv.read.serializable"]);
        Assert.Null(collector.Find("read_index", local));
        Assert.Equal(name == "range", range.Tags.ContainsKey("kv.read.bytes"));
        Assert.False(collector.HasSeen(Encoding.UTF8.GetBytes(TracedNode.Secret)), "keys, values or tokens got out");
    }

    [Fact]
    public async Task A_client_that_samples_decides_for_the_node()
    {
        using var folder = new TempDirectory();
        await using var collector = OtlpCollector.Start();
        NodeSettings settings = new NodeSettings(folder["m1"]) { Environment = TracedNode.Variables(collector.Url) }
            .With(("OTEL_TRACES_SAMPLER", "parentbased_always_off"), ("OTEL_METRICS_EXPORTER", "none"));
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);

        await TracedNode.PutAsync(node, flags: null);
        await TracedNode.PutAsync(node, flags: "00", traceId: TracedNode.TraceId.Replace('0', '1'));
        await TracedNode.PutAsync(node, flags: "01");
        await collector.WaitForAsync(each => each.Spans.Count >= 4);
        await node.StopAsync();

        Assert.Equal(
            ["apply", Call, "propose", "put"], collector.Spans.Select(span => span.Name).Order(StringComparer.Ordinal));
        Assert.All(collector.Spans, span => Assert.Equal(TracedNode.TraceId, span.TraceId));
        Assert.Empty(collector.Points);
    }

    /// <summary>Those of etcd 3.5: the names of later ones are read just so.</summary>
    [Fact]
    public async Task Flags_of_etcd_export_to_a_collector_by_gRPC()
    {
        const string Prefix = "--experimental-";
        using var folder = new TempDirectory();
        await using GrpcCollector collector = await GrpcCollector.StartAsync();
        var settings = new NodeSettings(folder["m1"])
        {
            Extra =
            [
                $"{Prefix}enable-distributed-tracing=true", $"{Prefix}distributed-tracing-address={collector.Address}",
                $"{Prefix}distributed-tracing-service-name=etcd-of-old",
                $"{Prefix}distributed-tracing-instance-id=number-1",
                $"{Prefix}distributed-tracing-sampling-rate=1000000",
            ],
        };
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);

        await TracedNode.PutAsync(node, flags: null);
        await node.StopAsync();

        CollectedSpan call = Assert.Single(collector.Spans, span => span.Name == Call);
        Assert.Empty(call.ParentId);
        Assert.Equal("etcd-of-old", call.Resource["service.name"]);
        Assert.Equal("number-1", call.Resource["service.instance.id"]);
    }

    private static int Instances(IEnumerable<CollectedSpan> spans) =>
        spans.Select(span => span.Resource["service.instance.id"]).Distinct().Count();

    private static bool Holds(CollectedSpan append, CollectedSpan propose) =>
        append.Name == "append"
            && Number(append, "kv.raft.term") >= Number(propose, "kv.raft.term")
            && Number(append, "kv.raft.first_index") <= Number(propose, "kv.raft.index")
            && Number(append, "kv.raft.last_index") >= Number(propose, "kv.raft.index");

    private static long Number(CollectedSpan span, string tag) =>
        long.Parse(span.Tags[tag], CultureInfo.InvariantCulture);
}
