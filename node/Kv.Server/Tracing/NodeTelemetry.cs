using System.Runtime.CompilerServices;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Kv.Telemetry;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Tracing;

/// <summary>What a node exports, from when it has something to tell until its parts end.</summary>
internal sealed class NodeTelemetry : IDisposable
{
    private const string Nowhere = "none";

    private readonly TelemetryExport _export;
    private readonly NodeMetrics _metrics;

    private NodeTelemetry(TelemetryExport export, NodeMetrics metrics) => (_export, _metrics) = (export, metrics);

    /// <summary>Null if nothing is to be exported.</summary>
    public static NodeTelemetry? Start(TelemetrySettings settings, NodeMetrics metrics, ILogger log) =>
        settings.IsOn ? StartExport(settings, metrics, log) : null;

    public void Dispose()
    {
        _export.Dispose();

        // What the instruments read is about to go, and an export that hung might yet ask for it.
        _metrics.Dispose();
    }

    // A method of its own, as the runtime loads what a method uses before it runs it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NodeTelemetry StartExport(TelemetrySettings settings, NodeMetrics metrics, ILogger log)
    {
        Log.ExportingTelemetry(log, Describe(settings.Traces?.Target), Describe(settings.Metrics?.Target));
        return new NodeTelemetry(
            TelemetryExport.Start(
                settings,
                Spans.SourceName,
                MeterBridge.MeterName,
                TimeProvider.System,
                (what, count) => Log.LostTelemetry(log, what, count)),
            metrics);
    }

    // Neither the user nor the query of the URL: they may be secrets.
    private static string Describe(OtlpTarget? target) =>
        target?.Endpoint.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
        ?? Nowhere;
}
