using Kv.Grpc;
using Kv.Replication;

namespace Kv.Server.Metrics;

/// <summary>What calls under way hold, how much they may, and who was refused for it. etcd has no such
/// families.</summary>
public sealed class LoadMetrics
{
    private readonly Gauge _calls;
    private readonly Gauge _callsMax;
    private readonly Gauge _bytes;
    private readonly Gauge _bytesMax;
    private readonly Gauge _waiting;
    private readonly Gauge _waitingMax;
    private CallBudget? _budget;
    private Proposer? _proposer;

    public LoadMetrics(MetricRegistry registry)
    {
        _calls = registry.Gauge("kv_node_requests_in_flight", "Calls under way that are counted.");
        _callsMax = registry.Gauge("kv_node_requests_in_flight_max", "How many there may be.");
        _bytes = registry.Gauge("kv_node_bytes_in_flight", "Bytes that calls under way hold.");
        _bytesMax = registry.Gauge("kv_node_bytes_in_flight_max", "How many they may hold.");
        _waiting = registry.Gauge("kv_node_writes_waiting", "Requests that wait for the log.");
        _waitingMax = registry.Gauge("kv_node_writes_waiting_max", "How many may wait, at the rate they come through.");
        registry.Add(new ReadFamily(
            "kv_node_requests_refused_total", MetricKind.Counter, "Calls refused for load, by reason.", Refused));
    }

    /// <summary>From where all of it is known; to be called once.</summary>
    public void ReadFrom(CallBudget budget, Proposer proposer)
    {
        _budget = budget;
        _proposer = proposer;
        _calls.ReadFrom(() => budget.Calls);
        _callsMax.Set(budget.Limits.CallsMax);
        _bytes.ReadFrom(() => budget.Bytes);
        _bytesMax.Set(budget.Limits.BytesMax);
        _waiting.ReadFrom(() => proposer.Backlog.Waiting);
        _waitingMax.ReadFrom(() => proposer.Backlog.WaitingMax);
    }

    private IEnumerable<(MetricLabels, double)> Refused() =>
    [
        Row("requests", _budget?.Refused(CallLimit.Calls)),
        Row("bytes", _budget?.Refused(CallLimit.Bytes)),
        Row("connection_bytes", _budget?.Refused(CallLimit.ConnectionBytes)),
        Row("backlog", _proposer?.Backlog.Refused),
        Row("unapplied", _proposer?.UnappliedRefusals),
    ];

    private static (MetricLabels, double) Row(string reason, long? count) =>
        (MetricLabels.Of([("reason", reason)]), count ?? 0);
}
