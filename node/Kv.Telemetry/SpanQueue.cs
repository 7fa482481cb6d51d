using System.Diagnostics;
using OpenTelemetry;

namespace Kv.Telemetry;

/// <summary>Where spans wait for their export, on a thread of its own. Who ends a span never waits: when the queue is
/// full the span is dropped, and counted. The SDK's own queue drops too, but tells nobody.</summary>
internal sealed class SpanQueue(SpanExporter spans, SpanQueueLimits limits, ExportLosses losses)
    : BatchActivityExportProcessor(
        spans,
        limits.SpansMax,
        (int)limits.Delay.TotalMilliseconds,
        (int)limits.Timeout.TotalMilliseconds,
        limits.BatchMax)
{
    public override void OnEnd(Activity data)
    {
        if (!data.Recorded)
            return;
        if (spans.TryAdmit(limits.SpansMax))
            base.OnEnd(data);
        else
            losses.Add(1);
    }
}
