using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Hosting;

namespace Kv.Operator.Tests.Hosting;

public sealed class ClusterMetricsTests
{
    [Fact]
    public void A_cluster_is_told_as_its_status_says()
    {
        using var metrics = new RuntimeMetrics();
        List<V1KvCluster> clusters = [Demo()];
        _ = new ClusterMetrics(metrics.Meter, () => clusters, () => []);

        string text = metrics.Exporter.Write();

        foreach (string line in new[]
        {
            """kvcluster_info{kvcluster="demo",namespace="data",version="3.7.1"} 1""",
            """kvcluster_ready{kvcluster="demo",namespace="data"} 0""",
            """kvcluster_condition{kvcluster="demo",namespace="data",type="Available"} 1""",
            """kvcluster_condition{kvcluster="demo",namespace="data",type="Ready"} 0""",
            """kvcluster_degraded{kvcluster="demo",namespace="data",reason="MemberDown"} 1""",
            """kvcluster_members_wanted{kvcluster="demo",namespace="data"} 5""",
            """kvcluster_members{kvcluster="demo",namespace="data"} 3""",
            """kvcluster_members_healthy{kvcluster="demo",namespace="data"} 2""",
            """kvcluster_nodes{kvcluster="demo",namespace="data"} 2""",
            """kvcluster_zones{kvcluster="demo",namespace="data"} 1""",
            """kvcluster_certificates_expire_timestamp_seconds{kvcluster="demo",namespace="data"} 1767225600""",
        })
        {
            Assert.Contains(line + "\n", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Nothing_is_told_of_a_cluster_that_is_gone_or_of_a_reason_that_was()
    {
        using var metrics = new RuntimeMetrics();
        List<V1KvCluster> clusters = [Demo()];
        _ = new ClusterMetrics(metrics.Meter, () => clusters, () => []);
        metrics.Exporter.Write();

        clusters[0].Status.Conditions!.Single(each => each.Type == "Degraded").Status = "False";
        string well = metrics.Exporter.Write();
        clusters.Clear();
        string gone = metrics.Exporter.Write();

        Assert.DoesNotContain("kvcluster_degraded{", well, StringComparison.Ordinal);
        Assert.Contains("kvcluster_ready{", well, StringComparison.Ordinal);
        Assert.DoesNotContain("kvcluster_", gone, StringComparison.Ordinal);
    }

    [Fact]
    public void Backups_that_are_missing_or_fail_are_told_until_there_is_a_good_one()
    {
        using var metrics = new RuntimeMetrics();
        V1KvCluster demo = Demo();
        demo.Status.Conditions!.Add(
            new V1Condition { Type = "BackupReady", Status = "False", Reason = "TooOld" });
        demo.Status.Snapshots = new KvScheduleStatus { LastSuccess = At(1) };
        List<V1KvSnapshot> snapshots =
        [
            Snapshot("demo", "Failed", At(0)), Snapshot("demo", "Failed", At(2)), Snapshot("demo", "Failed", At(3)),
            Snapshot("other", "Failed", At(3)), Snapshot("demo", "Running", null),
        ];
        _ = new ClusterMetrics(metrics.Meter, () => [demo], () => snapshots);

        string bad = metrics.Exporter.Write();
        snapshots.Add(Snapshot("demo", "Done", At(4)));
        (demo.Status.Conditions[^1].Status, demo.Status.Conditions[^1].Reason) = ("Unknown", "Suspended");
        string good = metrics.Exporter.Write();

        const string Labels = """{kvcluster="demo",namespace="data"}""";
        Assert.Contains(
            """kvcluster_backup_missing{kvcluster="demo",namespace="data",reason="TooOld"} 1""" + "\n",
            bad, StringComparison.Ordinal);
        Assert.Contains(
            $"kvcluster_last_snapshot_timestamp_seconds{Labels} 1767229200\n", bad, StringComparison.Ordinal);
        Assert.Contains($"kvcluster_snapshots_failed{Labels} 2\n", bad, StringComparison.Ordinal);
        Assert.DoesNotContain("kvcluster_backup_missing{", good, StringComparison.Ordinal);
        Assert.Contains(
            $"kvcluster_last_snapshot_timestamp_seconds{Labels} 1767240000\n", good, StringComparison.Ordinal);
        Assert.Contains($"kvcluster_snapshots_failed{Labels} 0\n", good, StringComparison.Ordinal);
    }

    /// <summary>Hours after the beginning of 2026.</summary>
    private static DateTime At(int hours) => new(2026, 1, 1, hours, 0, 0, DateTimeKind.Utc);

    private static V1KvSnapshot Snapshot(string cluster, string phase, DateTime? completed) => new()
    {
        Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "data" },
        Spec = new KvSnapshotSpec { Cluster = cluster },
        Status = new KvSnapshotStatus { Phase = phase, CompletedAt = completed },
    };

    private static V1KvCluster Demo() => new()
    {
        Metadata = new V1ObjectMeta { Name = "demo", NamespaceProperty = "data" },
        Spec = new KvClusterSpec { Replicas = 5 },
        Status = new KvClusterStatus
        {
            Version = "3.7.1",
            Replicas = 3,
            CertificatesExpireAt = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
            Members =
            [
                new KvMemberStatus { Name = "demo-0", Healthy = true, Node = "a", Zone = "z" },
                new KvMemberStatus { Name = "demo-1", Healthy = true, Node = "b", Zone = "z" },
                new KvMemberStatus { Name = "demo-2", Healthy = false, Node = "b" },
            ],
            Conditions =
            [
                new V1Condition { Type = "Available", Status = "True", Reason = "QuorumServes" },
                new V1Condition { Type = "Ready", Status = "False", Reason = "Repairing" },
                new V1Condition { Type = "Degraded", Status = "True", Reason = "MemberDown" },
            ],
        },
    };
}
