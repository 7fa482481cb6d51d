using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Kv.Kubernetes.Metrics;

/// <summary>What client-go counts of leader election.</summary>
internal sealed class LeaderElectionMetrics
{
    private readonly ConcurrentDictionary<string, bool> _leads = new();
    private readonly Counter<long> _slow;

    public LeaderElectionMetrics(Meter meter)
    {
        _slow = meter.CreateCounter<long>(
            "leader_election_slowpath_total",
            description: "How often a leader had to read its lease before it could renew it, by lease.");
        meter.CreateObservableGauge(
            "leader_election_master_status",
            () => _leads.Select(each => new Measurement<int>(each.Value ? 1 : 0, Tag(each.Key))),
            description: "Whether this process leads (1) or stands by (0), by lease.");
    }

    public void Set(string name, bool leads) => _leads[name] = leads;

    /// <summary>A renewal had to read the lease first.</summary>
    public void CountSlowPath(string name) => _slow.Add(1, Tag(name));

    private static KeyValuePair<string, object?> Tag(string name) => new("name", name);
}
