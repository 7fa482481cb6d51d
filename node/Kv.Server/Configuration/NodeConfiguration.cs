using Kv.Telemetry;

namespace Kv.Server.Configuration;

/// <summary>All that an operator may say about one node, checked as a whole before anything is started. It does not
/// change while the node runs; tests make others from it with <c>with</c>.</summary>
public sealed record NodeConfiguration
{
    public required MemberSettings Member { get; init; }

    public required BootstrapSettings Bootstrap { get; init; }

    public required TimingSettings Timing { get; init; }

    public required RequestLimits Limits { get; init; }

    public required StorageSettings Storage { get; init; }

    public required CompactionSettings Compaction { get; init; }

    public required CorruptionSettings Corruption { get; init; }

    public required LogSettings Log { get; init; }

    public required HttpSettings Http { get; init; }

    public required AuthSettings Auth { get; init; }

    public required TlsSettings Tls { get; init; }

    public required FeatureGates Features { get; init; }

    /// <summary>Whether every call is timed, which costs a little on each.</summary>
    public required bool HasExtensiveMetrics { get; init; }

    /// <summary>Where traces and metrics are sent to, if anywhere.</summary>
    public TelemetrySettings Telemetry { get; init; } = TelemetrySettings.Off;
}
