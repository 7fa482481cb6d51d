using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Kv.Telemetry;

/// <summary>The export of a process's traces and metrics while it runs. This and what it uses are all that touches the
/// OpenTelemetry SDK: a process that exports nothing never gets here, and so never loads it.</summary>
public sealed class TelemetryExport : IDisposable
{
    // The runtime's own figures: collections, heap, threads, exceptions.
    private const string RuntimeMeter = "System.Runtime";

    // What is left at the end may take so long to leave; a process that is told to end must.
    private static readonly TimeSpan FlushMax = TimeSpan.FromSeconds(2);

    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;

    private TelemetryExport(TracerProvider? traces, MeterProvider? metrics) => (_traces, _metrics) = (traces, metrics);

    /// <param name="source">The activities that become spans.</param>
    /// <param name="meter">The instruments, besides the runtime's.</param>
    /// <param name="onLost">Told seldom: of which signal, and how much of it, nobody has taken.</param>
    public static TelemetryExport Start(
        TelemetrySettings settings, string source, string meter, TimeProvider clock, Action<string, long> onLost)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ResourceBuilder resource = ResourceBuilder.CreateEmpty().AddTelemetrySdk().AddAttributes(
            settings.Resource.Select(pair => new KeyValuePair<string, object>(pair.Key, pair.Value)));
        TracerProvider? traces = settings.Traces is { } tracing
            ? StartTraces(tracing, resource, source, new ExportLosses("spans", clock, onLost))
            : null;
        MeterProvider? metrics = settings.Metrics is { } metering
            ? StartMetrics(metering, resource, meter, new ExportLosses("metric exports", clock, onLost))
            : null;
        return new TelemetryExport(traces, metrics);
    }

    /// <summary>Exports what is left, for 2 s at most.</summary>
    public void Dispose()
    {
        // On threads that nobody needs to wait for: the SDK's own ways to end wait longer if a collector hangs.
        Thread[] ends = [.. new IDisposable?[] { _traces, _metrics }.OfType<IDisposable>().Select(End)];
        long deadline = Environment.TickCount64 + (long)FlushMax.TotalMilliseconds;
        foreach (Thread end in ends)
            end.Join((int)Math.Max(0, deadline - Environment.TickCount64));
    }

    private static TracerProvider StartTraces(
        TraceSettings settings, ResourceBuilder resource, string source, ExportLosses losses)
    {
        var exporter = new SpanExporter(ToOptions(settings.Target), losses);
        return Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .SetSampler(ToSampler(settings.Sampling))
            .AddSource(source)
            .AddProcessor(new SpanQueue(exporter, settings.Queue, losses))
            .Build()!;
    }

    private static MeterProvider StartMetrics(
        MetricSettings settings, ResourceBuilder resource, string meter, ExportLosses losses)
    {
        var exporter = new MetricExporter(ToOptions(settings.Target), losses);
        var reader = new PeriodicExportingMetricReader(
            exporter, (int)settings.Interval.TotalMilliseconds, (int)settings.Timeout.TotalMilliseconds);
        return Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(meter, RuntimeMeter)
            .AddReader(reader)
            .Build()!;
    }

    private static Sampler ToSampler(SamplingRule rule)
    {
        Sampler root = rule.Ratio switch
        {
            <= 0 => new AlwaysOffSampler(),
            >= 1 => new AlwaysOnSampler(),
            _ => new TraceIdRatioBasedSampler(rule.Ratio),
        };
        return rule.FollowsParent ? new ParentBasedSampler(root) : root;
    }

    private static OtlpExporterOptions ToOptions(OtlpTarget target) => new()
    {
        Endpoint = target.Endpoint,
        Protocol = target.Transport == OtlpTransport.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
        Headers = target.Headers,
        TimeoutMilliseconds = (int)target.Timeout.TotalMilliseconds,
    };

    private static Thread End(IDisposable provider)
    {
        var thread = new Thread(provider.Dispose) { Name = "telemetry-end", IsBackground = true };
        thread.Start();
        return thread;
    }
}
