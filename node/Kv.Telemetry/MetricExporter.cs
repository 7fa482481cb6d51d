using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace Kv.Telemetry;

/// <summary>Exports metrics, and counts the times at which nobody took them. What they count goes on, so that the next
/// export makes up for it.</summary>
internal sealed class MetricExporter(OtlpExporterOptions options, ExportLosses losses) : OtlpMetricExporter(options)
{
    public override ExportResult Export(in Batch<Metric> metrics)
    {
        ExportResult result = base.Export(metrics);
        if (result == ExportResult.Failure)
            losses.Add(1);
        return result;
    }
}
