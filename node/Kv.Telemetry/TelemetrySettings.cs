namespace Kv.Telemetry;

/// <summary>What a program exports, and where to. Nothing, unless somebody asked for it. Nothing here is of the
/// OpenTelemetry SDK: to read that it is off must not load it.</summary>
public sealed record TelemetrySettings
{
    public static TelemetrySettings Off { get; } = new();

    /// <summary>Null: no traces.</summary>
    public TraceSettings? Traces { get; init; }

    /// <summary>Null: no metrics.</summary>
    public MetricSettings? Metrics { get; init; }

    /// <summary>What everything that is exported says of where it comes from.</summary>
    public IReadOnlyDictionary<string, string> Resource { get; init; } = new Dictionary<string, string>();

    public bool IsOn => Traces is not null || Metrics is not null;
}

/// <summary>A collector that speaks OTLP.</summary>
/// <param name="Endpoint">The whole URL: with HTTP, the path of the signal too.</param>
/// <param name="Headers">As the variable has them; they may hold secrets.</param>
/// <param name="Timeout">For one request; what is not taken by then is lost.</param>
public sealed record OtlpTarget(Uri Endpoint, OtlpTransport Transport, string Headers, TimeSpan Timeout);

/// <summary>How OTLP is carried.</summary>
public enum OtlpTransport
{
    Grpc,
    HttpProtobuf,
}

/// <param name="Sampling">Which traces are exported.</param>
/// <param name="Queue">How spans wait for their export.</param>
public sealed record TraceSettings(OtlpTarget Target, SamplingRule Sampling, SpanQueueLimits Queue);

/// <summary>Which traces are exported.</summary>
/// <param name="Ratio">Of the traces that begin here, from 0 to 1; chosen by the trace's id, so that all who see it
/// choose alike.</param>
/// <param name="FollowsParent">Whether for a trace that began elsewhere its beginner has decided.</param>
public sealed record SamplingRule(double Ratio, bool FollowsParent);

/// <param name="SpansMax">More than these are dropped.</param>
/// <param name="BatchMax">Spans in one request.</param>
/// <param name="Delay">How long a span may wait for others.</param>
/// <param name="Timeout">For one batch.</param>
public sealed record SpanQueueLimits(int SpansMax, int BatchMax, TimeSpan Delay, TimeSpan Timeout)
{
    /// <summary>Those that OpenTelemetry's specification names.</summary>
    public static SpanQueueLimits Default { get; } =
        new(2048, 512, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));
}

/// <param name="Interval">Between two exports.</param>
/// <param name="Timeout">For one export.</param>
public sealed record MetricSettings(OtlpTarget Target, TimeSpan Interval, TimeSpan Timeout);
