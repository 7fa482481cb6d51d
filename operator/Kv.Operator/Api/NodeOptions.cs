using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

/// <summary>A closed list: flags that would let a cluster break its own operator are not here.</summary>
[ValidationRule(
    "self.electionTimeoutMilliseconds >= 5 * self.heartbeatIntervalMilliseconds",
    "spec.options.electionTimeoutMilliseconds must be at least 5 times heartbeatIntervalMilliseconds")]
public sealed class NodeOptions : ApiModel
{
    [Default]
    [RangeMinimum(10)]
    [RangeMaximum(10000)]
    [Description("Milliseconds between heartbeats of the leader.")]
    public int HeartbeatIntervalMilliseconds { get; set; } = 100;

    [Default]
    [RangeMinimum(50)]
    [RangeMaximum(50000)]
    [Description("Milliseconds without a heartbeat until another leader is elected.")]
    public int ElectionTimeoutMilliseconds { get; set; } = 1000;

    [RangeMinimum(100)]
    [RangeMaximum(10000000)]
    [Description("Applied entries after which the log is shortened.")]
    public int? SnapshotCount { get; set; }

    [RangeMinimum(1)]
    [RangeMaximum(100000)]
    [Description("Most operations in one transaction.")]
    public int? MaxTxnOps { get; set; }

    [RangeMinimum(1024)]
    [RangeMaximum(104857600)]
    [Description("Largest request, in bytes.")]
    public int? MaxRequestBytes { get; set; }

    [RangeMinimum(1)]
    [RangeMaximum(2147483647)]
    [Description("Most calls at a time on one connection of a client.")]
    public int? MaxConcurrentStreams { get; set; }

    [Description("Log entries of this level and above.")]
    public LogLevelOption? LogLevel { get; set; }

    [Description("Whether every call is timed.")]
    public bool? ExtensiveMetrics { get; set; }
}

public enum LogLevelOption
{
    Debug,
    Info,
    Warn,
    Error,
}
