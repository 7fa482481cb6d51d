using System.Diagnostics.Metrics;

namespace Kv.Server.Metrics;

/// <summary>Shows a registry as instruments of a <see cref="Meter"/>, for whatever listens to those: the OpenTelemetry
/// SDK and its exporters, or <c>dotnet-counters</c>. All are observable, so nothing is done until somebody collects.
/// A histogram counts by itself, since the SDK's costs several times more for each observation; it shows as what
/// Prometheus makes of it: counters <c>X_bucket</c> (with <c>le</c>), <c>X_sum</c> and <c>X_count</c>.</summary>
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
                default:
                    AddHistogram(family);
                    break;
            }
        }
    }

    public void Dispose() => _meter.Dispose();

    private void AddHistogram(MetricFamily family)
    {
        _meter.CreateObservableCounter($"{family.Name}_bucket", () => Collector.Of(family).Buckets, null, family.Help);
        _meter.CreateObservableCounter($"{family.Name}_sum", () => Collector.Of(family).Sums, null, family.Help);
        _meter.CreateObservableCounter($"{family.Name}_count", () => Collector.Of(family).Counts, null, family.Help);
    }

    private sealed class Collector : IMetricVisitor
    {
        public List<Measurement<double>> Values { get; } = [];

        public List<Measurement<long>> Buckets { get; } = [];

        public List<Measurement<double>> Sums { get; } = [];

        public List<Measurement<long>> Counts { get; } = [];

        public static Collector Of(MetricFamily family)
        {
            var collector = new Collector();
            family.Visit(collector);
            return collector;
        }

        public void Visit(MetricFamily family, MetricLabels labels, double value) =>
            Values.Add(new Measurement<double>(value, Tags(labels)));

        public void Visit(MetricFamily family, MetricLabels labels, Histogram histogram)
        {
            var reading = histogram.Read();
            for (int bucket = 0; bucket < reading.UpTo.Count; bucket++)
                AddBucket(labels, GoFloat.Format(histogram.Bounds[bucket]), reading.UpTo[bucket]);
            AddBucket(labels, "+Inf", reading.Count);
            Sums.Add(new Measurement<double>(reading.Sum, Tags(labels)));
            Counts.Add(new Measurement<long>(reading.Count, Tags(labels)));
        }

        private void AddBucket(MetricLabels labels, string bound, long count) =>
            Buckets.Add(new Measurement<long>(count, [.. Tags(labels), new("le", bound)]));

        private static KeyValuePair<string, object?>[] Tags(MetricLabels labels) =>
            [.. labels.Pairs.Select(pair => new KeyValuePair<string, object?>(pair.Key, pair.Value))];
    }
}
