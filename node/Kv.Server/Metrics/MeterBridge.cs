using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Kv.Server.Metrics;

/// <summary>Shows a registry as instruments of a <see cref="Meter"/>, for whatever listens to those: the OpenTelemetry
/// SDK and its exporters, or <c>dotnet-counters</c>. Counters and gauges are observable, so that nothing is done until
/// somebody collects. Of histograms there is no such kind: each observation is handed on, but only while somebody
/// listens, since an SDK's histogram costs several times more than ours. So it counts from when it is listened to, and
/// is not there before there was something to observe.</summary>
public sealed class MeterBridge : IDisposable
{
    public const string MeterName = "Kv.Node";

    private readonly Meter _meter = new(MeterName, ProductText.ServerVersion);

    public MeterBridge(MetricRegistry registry)
    {
        foreach (var family in registry.Families)
        {
            switch (family.Kind)
            {
                case MetricKind.Counter:
                    _meter.CreateObservableCounter(family.Name, () => Collector.Of(family).Values, null, family.Help);
                    break;
                case MetricKind.Gauge:
                    _meter.CreateObservableGauge(family.Name, () => Collector.Of(family).Values, null, family.Help);
                    break;
                case MetricKind.Histogram:
                    ((HistogramFamily)family).ShowIn(_meter);
                    break;
            }
        }
    }

    public void Dispose() => _meter.Dispose();

    private sealed class Collector : IMetricVisitor
    {
        public List<Measurement<double>> Values { get; } = [];

        public static Collector Of(MetricFamily family)
        {
            var collector = new Collector();
            family.Visit(collector);
            return collector;
        }

        public void Visit(MetricFamily family, MetricLabels labels, double value) =>
            Values.Add(new Measurement<double>(value, labels.ToTags()));

        public void Visit(MetricFamily family, MetricLabels labels, Histogram histogram) =>
            throw new UnreachableException($"{family.Name} is not read but listened to.");
    }
}
