using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Etcdserverpb;
using Kv.Grpc;
using Kv.Raft;
using Kv.Server;
using Kv.Server.Metrics;
using Kv.Server.Observers;

namespace Kv.Node.Tests.Metrics;

/// <summary>The names, types, labels and buckets of etcd 3.7 stand in <c>etcd-metrics.txt</c>, one family a line, as
/// its sources declare them.</summary>
public sealed class NodeMetricsTests
{
    /// <summary>What is not there of etcd has nothing to say of itself.</summary>
    private static readonly string[] Elsewhere =
    [
        "etcd_grpc_proxy_", "etcd_debugging_store_",
    ];

    public static TheoryData<string, string, string, string> Etcd
    {
        get
        {
            var rows = new TheoryData<string, string, string, string>();
            foreach (string line in File.ReadAllLines(Path.Combine(SourceFolder(), "etcd-metrics.txt")))
            {
                string[] words = line.Split(' ');
                if (!Elsewhere.Any(prefix => words[0].StartsWith(prefix, StringComparison.Ordinal)))
                    rows.Add(words[0], words[1], words[2], words[3]);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Etcd))]
    public void A_family_is_as_etcds(string name, string kind, string labels, string buckets)
    {
        using var metrics = new NodeMetrics(() => []);
        MakeEverySeries(metrics);
        MetricFamily? family = metrics.Registry.Families.SingleOrDefault(family => family.Name == name);
        Assert.NotNull(family);
        Assert.Equal(kind, family.Kind.ToString().ToLowerInvariant());

        var shape = new Shape();
        family.Visit(shape);
        Assert.Equal(labels, shape.Labels);
        Assert.Equal(buckets, shape.Buckets);
    }

    [Fact]
    public void Counters_without_labels_are_there_from_the_start()
    {
        using var metrics = new NodeMetrics(() => []);
        string text = Encoding.UTF8.GetString(PrometheusText.Write(metrics.Registry).Span);

        foreach (string line in new[]
        {
            "etcd_mvcc_put_total 0", "etcd_server_has_leader 0", "etcd_server_proposals_failed_total 0",
            "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"8.192\"} 0", "etcd_server_is_learner 0",
            $"etcd_server_version{{server_version=\"{ProductText.ServerVersion}\"}} 1",
        })
        {
            Assert.Contains($"\n{line}\n", text);
        }
    }

    [Fact]
    public async Task Every_method_of_the_server_is_there_with_every_status()
    {
        await using var server = new GrpcServer(new GrpcServerOptions());
        server.Add(KV.BindService(new NoKeys()));
        server.Add(Watch.BindService(new NoWatchers()));
        using var metrics = new NodeMetrics(() => server.Methods);
        string text = Encoding.UTF8.GetString(PrometheusText.Write(metrics.Registry).Span);

        Assert.Contains(
            "\ngrpc_server_started_total{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 0\n",
            text);
        Assert.Contains(
            "\ngrpc_server_handled_total{grpc_code=\"Canceled\",grpc_method=\"Watch\"," +
            "grpc_service=\"etcdserverpb.Watch\",grpc_type=\"bidi_stream\"} 0\n",
            text);
        Assert.Equal(17 * server.Methods.Count, LinesOf("grpc_server_handled_total{", text).Length);
    }

    [Fact]
    public void A_version_takes_the_place_of_the_one_before()
    {
        using var metrics = new NodeMetrics(() => []);
        metrics.Server.SetClusterVersion("3.6");
        metrics.Server.SetClusterVersion("3.7");
        string text = Encoding.UTF8.GetString(PrometheusText.Write(metrics.Registry).Span);

        Assert.Contains("\netcd_cluster_version{cluster_version=\"3.7\"} 1\n", text);
        Assert.DoesNotContain("cluster_version=\"3.6\"", text);
    }

    /// <summary>A client chooses what it calls itself; it must not choose how much memory we use.</summary>
    [Fact]
    public void Clients_cannot_make_series_without_end()
    {
        using var metrics = new NodeMetrics(() => []);
        for (int version = 0; version < 1000; version++)
            metrics.Requests.CountClient(isStream: false, version.ToString(CultureInfo.InvariantCulture));
        metrics.Requests.CountClient(isStream: true, version: null);
        string text = Encoding.UTF8.GetString(PrometheusText.Write(metrics.Registry).Span);

        string[] lines = LinesOf("etcd_server_client_requests_total{", text);
        Assert.InRange(lines.Length, 2, 40);
        Assert.Equal(1001, lines.Sum(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void The_process_is_seen()
    {
        using var metrics = new NodeMetrics(() => []);
        string text = Encoding.UTF8.GetString(PrometheusText.Write(metrics.Registry).Span);

        foreach (string name in new[]
        {
            "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
            "process_start_time_seconds", "process_virtual_memory_bytes", "os_fd_used", "os_fd_limit",
        })
        {
            string line = Assert.Single(LinesOf(name + " ", text));
            Assert.True(double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) > 0, line);
        }
    }

    /// <summary>Also of what is only there once it has something to tell; but none of methods of gRPC.</summary>
    internal static void MakeEverySeries(NodeMetrics metrics)
    {
        metrics.Server.SetId("8e9e05c52164694d");
        metrics.Server.SetClusterVersion("3.7");
        metrics.Server.SetAlarm("8e9e05c52164694d", "NOSPACE", isRaised: true);
        metrics.Server.SetFeatures(Configuration.ConfigurationReaderTests.Read().Features);
        metrics.Server.Role.PromotionFailures.With("not ready");
        metrics.Requests.ApplyOf("Put").Observe(TimeSpan.Zero, hasSucceeded: true);
        metrics.Requests.RequestOf("Put").Observe(TimeSpan.Zero, hasSucceeded: true);
        metrics.Requests.Range.Observe(TimeSpan.Zero, hasSucceeded: true);
        metrics.Requests.StreamFailures.With("watch", "send");
        metrics.Requests.CountClient(isStream: false, "3.7");
        metrics.Health.CountCheck("readyz", "non_learner", isGood: true);
        metrics.Health.CountScrape(200);
        MakeEverySeries(new PeerObserver(new NodeId(1), metrics.Peers), new NodeId(2));
    }

    private static void MakeEverySeries(PeerObserver peers, NodeId peer)
    {
        peers.OnKnown(peer, isKnown: true);
        peers.OnActive(peer, isActive: false);
        peers.OnSent(peer, 1);
        peers.OnSendFailed(peer);
        peers.OnReceived(peer, 1);
        peers.OnReceiveFailed(peer);
        peers.OnRoundTrip(peer, TimeSpan.Zero);
        peers.OnSnapshotSendBegan(peer);
        peers.OnSnapshotSendEnded(peer, isSuccess: true, TimeSpan.Zero);
        peers.OnSnapshotSendEnded(peer, isSuccess: false, TimeSpan.Zero);
        peers.OnSnapshotReceiveBegan(peer);
        peers.OnSnapshotReceiveEnded(peer, isSuccess: true, TimeSpan.Zero);
        peers.OnSnapshotReceiveEnded(peer, isSuccess: false, TimeSpan.Zero);
    }

    private static string[] LinesOf(string prefix, string text) =>
        [.. text.Split('\n').Where(line => line.StartsWith(prefix, StringComparison.Ordinal))];

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private sealed class NoKeys : KV.KVBase;

    private sealed class NoWatchers : Watch.WatchBase;

    private sealed class Shape : IMetricVisitor
    {
        public string Labels { get; private set; } = "none seen";

        public string Buckets { get; private set; } = "-";

        public void Visit(MetricFamily family, MetricLabels labels, double value) =>
            Labels = labels.Pairs.Count == 0 ? "-" : string.Join(',', labels.Pairs.Select(pair => pair.Key));

        public void Visit(MetricFamily family, MetricLabels labels, Histogram histogram)
        {
            Visit(family, labels, 0);
            Buckets = string.Create(
                CultureInfo.InvariantCulture, $"{histogram.Bounds[0]:0.0###}x{histogram.Bounds.Count}");
        }
    }
}
