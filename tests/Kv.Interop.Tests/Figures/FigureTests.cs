using System.Text.RegularExpressions;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Figures;

/// <summary>The same small workload on a real etcd and on ours: whatever both count, they count the same.</summary>
public sealed class FigureTests
{
    /// <summary>Why a figure may differ; the pattern is of series as they stand on the page.</summary>
    private static readonly (string Series, string Reason)[] Explained =
    [
        ("^(go|process|os|promhttp)_", "of the process, not of what it was asked"),
        ("_(bucket|sum)($|{)", "times; how many there were is compared"),
        ("^etcd_debugging_store_", "of API v2, which etcd 3.5 still uses for itself"),
        ("^etcd_server_(go_)?version{", "another program"),
        ("^etcd_server_apply_duration_seconds_count{op=\"PUT\"", "etcd 3.5 tells of itself by API v2 ..."),
        ("^etcd_server_apply_duration_seconds_count{op=\"Cluster", "... and we as later versions do"),
        ("^etcd_server_apply_duration_seconds_count{op=\"AuthUserList\"", "etcd reads by the log, we beside it"),
        ("^etcd_server_apply_duration_seconds_count{op=\"Put\",success=\"false\"", "without space we ask no log"),
        ("^etcd_server_proposals_(committed|applied)_total", "other entries of the member's own, see above"),
        ("^etcd_mvcc_range_total", "etcd looks for a key called 'compaction' with each compaction"),
        ("^etcd_mvcc_db_total_size", "pages are laid out otherwise, and the file grows otherwise"),
        ("^etcd_mvcc_db_open_read_transactions", "etcd keeps one open, and we one for each batch being read"),
        ("^etcd_disk_wal_(write_bytes_total|fsync)", "as many as batches that happened to gather"),
        ("^etcd_disk_wal_write_duration_seconds", "etcd times each record, we each batch that is handed over"),
        ("^etcd_(disk|debugging_disk)_backend_commit_", "as many as there were intervals with something to write"),
        ("^etcd_debugging_mvcc_db_compaction_last", "a moment"),
        ("^etcd_network_client_grpc_(received|sent)_bytes_total", "snapshots of files of different sizes"),
        ("^grpc_server_msg_sent_total{grpc_method=\"Snapshot\"", "the same"),
        ("^etcd_server_leader_changes_seen_total", "etcd counts no leader as one"),
    ];

    /// <summary>What only members of a cluster of several have something to tell of.</summary>
    private static readonly string[] OfClusters =
    [
        "etcd_server_heartbeat_send_failures_total", "etcd_server_learner_promote_failures",
        "etcd_server_learner_promote_successes", "etcd_server_is_learner", "etcd_server_slow_read_indexes_total",
        "etcd_server_read_indexes_failed_total", "etcd_server_snapshot_apply_in_progress_total", "etcd_snap_db_",
    ];

    /// <summary>What this workload rightly leaves at zero.</summary>
    private static readonly string[] Idle =
    [
        "etcd_server_proposals_pending", "etcd_server_proposals_failed_total", "etcd_server_slow_apply_total",
        "etcd_debugging_mvcc_watcher_total", "etcd_debugging_mvcc_watch_stream_total", "etcd_server_health_",
        "etcd_debugging_mvcc_slow_watcher_total", "etcd_debugging_mvcc_pending_events_total",
        "etcd_disk_defrag_inflight", "etcd_debugging_server_alarms", "promhttp_metric_handler_requests_in_flight",
        "etcd_debugging_server_watch_send_loop_progress_duration_seconds", "dotnet_thread_pool_queue_length",
        "kv_node_requests_in_flight", "kv_node_bytes_in_flight", "kv_node_writes_waiting",
        "kv_node_requests_refused_total",
    ];

    [Fact]
    public async Task What_both_count_they_count_the_same()
    {
        MetricsPage theirs = await MeasureAsync(NodeProgram.Etcd35);
        MetricsPage ours = await MeasureAsync(NodeProgram.Ours);

        string[] families = [.. ours.Types.Keys.Intersect(theirs.Types.Keys)];
        Assert.InRange(families.Length, 60, 200);
        Assert.All(families, family => Assert.Equal((family, theirs.Types[family]), (family, ours.Types[family])));

        string[] differences =
        [
            .. theirs.Series.Keys.Union(ours.Series.Keys)
                .Where(series => families.Contains(MetricsPage.FamilyOf(series)))
                .Where(series => !Array.Exists(Explained, each => Regex.IsMatch(series, each.Series)))
                .Select(series => (series, Of(theirs, series), Of(ours, series)))
                .Where(each => !each.Item2.Equals(each.Item3))
                .Select(each => $"{each.series}: etcd {each.Item2}, ours {each.Item3}")
                .Order(StringComparer.Ordinal),
        ];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
    }

    [Fact]
    public async Task No_figure_is_shown_that_nothing_feeds()
    {
        MetricsPage ours = await MeasureAsync(NodeProgram.Ours);
        string[] dead =
        [
            .. ours.Types.Keys
                .Where(family => !OfClusters.Concat(Idle).Any(
                    name => family.StartsWith(name, StringComparison.Ordinal)))
                .Where(family => ours.Series
                    .Where(each => MetricsPage.FamilyOf(each.Key) == family || each.Key == family)
                    .All(each => each.Value == 0)),
        ];

        Assert.True(dead.Length == 0, string.Join('\n', dead));
    }

    private static double Of(MetricsPage page, string series) => page.Series.GetValueOrDefault(series);

    private static async Task<MetricsPage> MeasureAsync(NodeProgram program)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"])
        {
            AdvertisedPeerAddress = "127.0.0.1:2380", // from which follows the member's id
            Extra = ["--bcrypt-cost", "4", "--snapshot-count", "25"],
        });
        using var workload = new FigureWorkload(node);
        await workload.RunAsync();
        return await MetricsPage.ReadAsync(node.Url);
    }
}
