using Kv.Server.Configuration;

namespace Kv.Server.Metrics;

/// <summary>The member and its place in the cluster.</summary>
public sealed class ServerMetrics
{
    private readonly ScalarFamily<Gauge> _id;
    private readonly ScalarFamily<Gauge> _clusterVersion;
    private readonly ScalarFamily<Gauge> _features;
    private readonly ScalarFamily<Gauge> _alarms;

    public ServerMetrics(MetricRegistry registry)
    {
        Role = new RoleMetrics(registry);
        Proposals = new ProposalMetrics(registry);
        _id = registry.GaugeFamily("etcd_server_id", "The member's id, in its label.", "server_id");
        _clusterVersion = registry.GaugeFamily(
            "etcd_cluster_version", "The version that the whole cluster speaks, in its label.", "cluster_version");
        _features = registry.GaugeFamily(
            "etcd_server_feature_enabled", "Feature gates: 1 is on.", "name", "stage");
        _alarms = registry.GaugeFamily(
            "etcd_debugging_server_alarms", "Alarms: 1 is raised.", "server_id", "alarm_type");
        QuotaBytes = registry.Gauge("etcd_server_quota_backend_bytes", "Size of the page file at which writes stop.");
        AuthRevision = registry.Gauge("etcd_debugging_auth_revision", "Revision of users and roles.");
        SnapshotsBeingApplied = registry.Gauge(
            "etcd_server_snapshot_apply_in_progress_total", "Whether a snapshot of the leader is being taken in.");
        registry.GaugeFamily("etcd_server_version", "This server's version, in its label.", "server_version")
            .With(ProductText.ServerVersion).Set(1);
        registry.GaugeFamily(
            "etcd_server_go_version", "What this server runs on, in its label.", "server_go_version")
            .With(ProductText.Runtime).Set(1);
    }

    public RoleMetrics Role { get; }

    public ProposalMetrics Proposals { get; }

    public Gauge QuotaBytes { get; }

    public Gauge AuthRevision { get; }

    public Gauge SnapshotsBeingApplied { get; }

    /// <param name="id">In hexadecimal.</param>
    public void SetId(string id) => _id.With(id).Set(1);

    /// <param name="version">Major and minor: <c>3.7</c>.</param>
    public void SetClusterVersion(string version)
    {
        _clusterVersion.Clear();
        _clusterVersion.With(version).Set(1);
    }

    public void SetFeatures(FeatureGates features)
    {
        foreach (var gate in features.All)
            _features.With(gate.Name, gate.Stage).Set(gate.IsOn);
    }

    /// <param name="memberId">In hexadecimal.</param>
    /// <param name="alarm">As in the API: <c>NOSPACE</c>, <c>CORRUPT</c>.</param>
    public void SetAlarm(string memberId, string alarm, bool isRaised) => _alarms.With(memberId, alarm).Set(isRaised);
}

/// <summary>Leader, follower, learner.</summary>
public sealed class RoleMetrics(MetricRegistry registry)
{
    public Gauge HasLeader { get; } = registry.Gauge("etcd_server_has_leader", "Whether a leader is known: 1 if so.");

    public Gauge IsLeader { get; } = registry.Gauge("etcd_server_is_leader", "Whether this is the leader: 1 if so.");

    public Gauge IsLearner { get; } = registry.Gauge("etcd_server_is_learner", "Whether this is a learner: 1 if so.");

    public Counter LeaderChanges { get; } = registry.Counter(
        "etcd_server_leader_changes_seen_total", "Changes of leader seen.");

    public Counter HeartbeatFailures { get; } = registry.Counter(
        "etcd_server_heartbeat_send_failures_total", "Heartbeats that left too late.");

    public Counter Promotions { get; } = registry.Counter(
        "etcd_server_learner_promote_successes", "Learners promoted while this was the leader.");

    /// <summary>By reason.</summary>
    public ScalarFamily<Counter> PromotionFailures { get; } = registry.CounterFamily(
        "etcd_server_learner_promote_failures", "Promotions refused while this was the leader.", "Reason");
}

/// <summary>Proposals and reads on their way through the log.</summary>
public sealed class ProposalMetrics(MetricRegistry registry)
{
    public Gauge Committed { get; } = registry.Gauge(
        "etcd_server_proposals_committed_total", "Index of the last entry committed.");

    public Gauge Applied { get; } = registry.Gauge(
        "etcd_server_proposals_applied_total", "Index of the last entry applied.");

    public Gauge Pending { get; } = registry.Gauge(
        "etcd_server_proposals_pending", "Proposals that wait to be applied.");

    /// <summary>Proposals made, and those of them whose outcome is known: what lies between is pending. Two counters
    /// cost less than a number that goes up and down.</summary>
    public Counter Begun { get; } = new();

    public Counter Ended { get; } = new();

    public Counter Failed { get; } = registry.Counter("etcd_server_proposals_failed_total", "Proposals that failed.");

    public Counter SlowApplies { get; } = registry.Counter(
        "etcd_server_slow_apply_total", "Entries that took longer to apply than expected.");

    public Counter SlowReadIndexes { get; } = registry.Counter(
        "etcd_server_slow_read_indexes_total", "Reads that waited long to be confirmed.");

    public Counter FailedReadIndexes { get; } = registry.Counter(
        "etcd_server_read_indexes_failed_total", "Reads that could not be confirmed.");
}
