using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;

namespace Kv.Telemetry;

/// <summary>Exports spans, knows how many are on their way to it, and counts those that nobody took.</summary>
internal sealed class SpanExporter(OtlpExporterOptions options, ExportLosses losses) : OtlpTraceExporter(options)
{
    private int _waiting;

    /// <summary>Makes room for one; false if there is none.</summary>
    public bool TryAdmit(int spansMax)
    {
        if (Interlocked.Increment(ref _waiting) <= spansMax)
            return true;
        Interlocked.Decrement(ref _waiting);
        return false;
    }

    public override ExportResult Export(in Batch<Activity> activityBatch)
    {
        int count = (int)activityBatch.Count;
        ExportResult result = base.Export(activityBatch);
        Interlocked.Add(ref _waiting, -count);
        if (result == ExportResult.Failure)
            losses.Add(count);
        return result;
    }
}
