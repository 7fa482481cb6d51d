using System.Globalization;
using System.Net;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Clusters;
using Kv.Interop.Tests.Hostile;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Overload;

/// <summary>Four times as many requests as a cluster can do. How long, and how much of the maximum must be left, the
/// environment may say: <c>tests/Kv.Benchmarks/overload.sh</c> does.</summary>
public sealed class OverloadTests
{
    private const int ValueBytes = 256;
    private const int Connections = 20;
    private const int OpenMax = 1000; // of each
    private const double Factor = 4;
    private const long MemoryMax = 1L << 30;

    private static readonly byte[] Put = new PutRequest
    {
        Key = ByteString.CopyFromUtf8("overload"),
        Value = ByteString.CopyFrom(new byte[ValueBytes]),
    }.ToByteArray();

    private const int WarmupPuts = 5000;

    private static readonly TimeSpan WarmupMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Overloaded = TimeSpan.FromSeconds(Setting("KV_OVERLOAD_SECONDS", 6));
    private static readonly double GoodputLeast = Setting("KV_OVERLOAD_GOODPUT", 0.1);

    [Fact]
    public async Task Four_times_the_load_leaves_the_work_the_leader_the_leases_and_the_memory()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(
            [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours],
            "--unsafe-no-fsync", // the work is the processor's then, and not at the mercy of a shared disk
            "--quota-backend-bytes", $"{8L << 30}");
        NodeProcess leader = await LeaderAsync(cluster);
        double changes = await LeaderChangesAsync(leader);
        await using KeptLeases leases = await KeptLeases.StartAsync(leader.Url);

        await WarmUpAsync(leader);
        Goodput best = await MeasureAsync(leader, double.PositiveInfinity, openMax: 50, Measured);
        long memoryBefore = NodeCost.Of(leader).MemoryBytes;
        long revoked = await leases.GrantAsync("revoked");
        Task<Goodput> overload = MeasureAsync(leader, Factor * best.DonePerSecond / Connections, OpenMax, Overloaded);
        await leases.RevokeAsync(revoked);
        Goodput left = await overload;
        long memory = NodeCost.Of(leader).MemoryBytes;

        // What else the machine does may have changed meanwhile.
        Goodput after = await MeasureAsync(leader, double.PositiveInfinity, openMax: 50, Measured);
        double ratio = left.DonePerSecond / Math.Min(best.DonePerSecond, after.DonePerSecond);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"at most {best.DonePerSecond:f0}/s, later {after.DonePerSecond:f0}/s; " +
            $"sent {left.SentPerSecond:f0}/s: done {left.DonePerSecond:f0}/s " +
            $"({ratio:p0}), refused {left.RefusedPerSecond:f0}/s; memory {memoryBefore >> 20} to {memory >> 20} MiB"));
        Assert.Equal(changes, await LeaderChangesAsync(leader));
        Assert.Equal(1, await Processes.Metrics.ReadAsync(leader.Url, "etcd_server_is_leader"));
        await leases.MustLiveAsync();
        Assert.Equal(-1, await leases.RemainingAsync(revoked));
        Assert.InRange(memory, 0, MemoryMax);
        Assert.InRange(ratio, GoodputLeast, double.MaxValue);
    }

    [Fact]
    public async Task More_than_may_be_under_way_is_refused_and_who_is_first_in_line_is_not()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["m1"])
        {
            Extra = ["--max-requests-in-flight", "10"],
        });
        await using KeptLeases leases = await KeptLeases.StartAsync(node.Url);
        long revoked = await leases.GrantAsync("revoked");
        await using (var flow = new PutFlow(IPEndPoint.Parse(node.Endpoint), Put, double.PositiveInfinity, OpenMax))
        {
            await flow.UntilAsync(() => flow is { Done: > 100, Refused: > 100 }, WarmupMax);
            using var client = new ApiClient(node.Url);
            await client.CallAsync<StatusResponse>("Maintenance/Status", new StatusRequest());
            await client.CallAsync<MemberListResponse>("Cluster/MemberList", new MemberListRequest());
            await leases.RevokeAsync(revoked);
            using var http = new HttpClient();
            using HttpResponseMessage health = await http.GetAsync(new Uri(node.Url, "/health"));
            Assert.True(health.IsSuccessStatusCode);
        }

        await leases.MustLiveAsync();
        Assert.Equal(-1, await leases.RemainingAsync(revoked));
        const string Refused = "kv_node_requests_refused_total{reason=\"requests\"}";
        Assert.InRange(await Processes.Metrics.ReadAsync(node.Url, Refused) ?? 0, 100, double.MaxValue);
        await Processes.Metrics.WaitForAsync(node.Url, "kv_node_requests_in_flight", 0);
    }

    private static double Setting(string name, double usual) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? double.Parse(text, CultureInfo.InvariantCulture)
            : usual;

    private static async Task<NodeProcess> LeaderAsync(TestCluster cluster)
    {
        foreach (NodeProcess node in cluster.Nodes.Values)
        {
            if (await Processes.Metrics.ReadAsync(node.Url, "etcd_server_is_leader") is 1)
                return node;
        }

        throw new InvalidOperationException("Nobody leads.");
    }

    private static async Task WarmUpAsync(NodeProcess node)
    {
        await using var flow = new PutFlow(IPEndPoint.Parse(node.Endpoint), Put, double.PositiveInfinity, OpenMax);
        await flow.UntilAsync(() => flow.Done > WarmupPuts, WarmupMax);
    }

    private static async Task<double> LeaderChangesAsync(NodeProcess node) =>
        await Processes.Metrics.ReadAsync(node.Url, "etcd_server_leader_changes_seen_total") ?? 0;

    private static async Task<Goodput> MeasureAsync(NodeProcess node, double perSecond, int openMax, TimeSpan time)
    {
        PutFlow[] flows = [.. Enumerable.Range(0, Connections)
            .Select(_ => new PutFlow(IPEndPoint.Parse(node.Endpoint), Put, perSecond, openMax))];
        using (var timer = new PeriodicTimer(time))
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        double seconds = time.TotalSeconds;
        var found = new Goodput(
            flows.Sum(flow => flow.Sent) / seconds,
            flows.Sum(flow => flow.Done) / seconds,
            flows.Sum(flow => flow.Refused) / seconds);
        foreach (PutFlow flow in flows)
            await flow.DisposeAsync();
        return found;
    }

    private sealed record Goodput(double SentPerSecond, double DonePerSecond, double RefusedPerSecond);
}
