using Kv.Server.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Kv.Node.Tests.Metrics;

/// <summary>What the OpenTelemetry SDK sees of a registry through its meter.</summary>
public sealed class MeterBridgeTests
{
    private static readonly double[] Observed = [0.0004, 0.001, 0.0015, 3, 5000];

    [Fact]
    public void Every_family_can_be_collected()
    {
        using var metrics = new NodeMetrics(() => [], isExtensive: true);
        Dictionary<string, Collected> found = Collect(() =>
        {
            NodeMetricsTests.MakeEverySeries(metrics);
            metrics.Mvcc.Puts.Add(3);
            ObserveAll(metrics);
        });

        Assert.Equal(3, found["etcd_mvcc_put_total"].Value);
        Assert.All(
            metrics.Registry.Families.Where(family => !family.Name.StartsWith("grpc_", StringComparison.Ordinal)),
            family => Assert.Contains(family.Name, found)); // of gRPC there are no methods, and so no series
    }

    /// <summary>Bounds, buckets, sum and count, though the SDK counts for itself.</summary>
    [Fact]
    public void A_histogram_is_exported_as_it_is_scraped()
    {
        using var metrics = new NodeMetrics(() => []);
        Dictionary<string, Collected> found = Collect(() =>
        {
            NodeMetricsTests.MakeEverySeries(metrics);
            ObserveAll(metrics);
        });

        var compared = new HistogramVisitor((family, labels, histogram) =>
        {
            HistogramReading reading = histogram.Read();
            Collected same = found[$"{family.Name}{{{labels.Text}}}"];
            Assert.Equal(histogram.Bounds, same.Bounds);
            Assert.Equal(reading.UpTo, same.UpTo);
            Assert.Equal(reading.Count, same.Count);
            Assert.Equal(reading.Sum, same.Value, precision: 9);
        });
        foreach (MetricFamily family in metrics.Registry.Families)
            family.Visit(compared);
        Assert.True(compared.Seen > 20, $"Only {compared.Seen} histograms were compared.");
    }

    [Fact]
    public void Nobody_is_told_of_observations_before_or_after_the_export()
    {
        using var metrics = new NodeMetrics(() => []);
        metrics.Disk.WalSync.Observe(0.0015);
        Dictionary<string, Collected> found = Collect(() => metrics.Disk.WalSync.Observe(0.003));
        metrics.Disk.WalSync.Observe(0.0015);

        Assert.Equal(1, found["etcd_disk_wal_fsync_duration_seconds{}"].Count);
        Assert.Equal(3, metrics.Disk.WalSync.Read().Count);
    }

    private static Dictionary<string, Collected> Collect(Action happen)
    {
        using var exporter = new Kept();
        using var reader = new BaseExportingMetricReader(exporter);
        using (MeterProvider provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(MeterBridge.MeterName).AddReader(reader).Build()!)
        {
            happen();
            Assert.True(provider.ForceFlush());
        }

        return exporter.Found;
    }

    private static void ObserveAll(NodeMetrics metrics)
    {
        var all = new HistogramVisitor((_, _, histogram) => Array.ForEach(Observed, histogram.Observe));
        foreach (MetricFamily family in metrics.Registry.Families)
            family.Visit(all);
    }

    /// <param name="Value">Of a histogram, the sum.</param>
    private sealed record Collected(double Value, long Count, IReadOnlyList<double> Bounds, IReadOnlyList<long> UpTo);

    private sealed class HistogramVisitor(Action<MetricFamily, MetricLabels, Histogram> see) : IMetricVisitor
    {
        public int Seen { get; private set; }

        public void Visit(MetricFamily family, MetricLabels labels, double value)
        {
            // Is no histogram.
        }

        public void Visit(MetricFamily family, MetricLabels labels, Histogram histogram)
        {
            Seen++;
            see(family, labels, histogram);
        }
    }

    /// <summary>Keeps each series, and under the bare name one of its series.</summary>
    private sealed class Kept : BaseExporter<Metric>
    {
        public Dictionary<string, Collected> Found { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (Metric metric in batch)
            {
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    var tags = new List<(string, string)>();
                    foreach ((string name, object? value) in point.Tags)
                        tags.Add((name, (string)value!));
                    string labels = MetricLabels.Of([.. tags]).Text;
                    Found[metric.Name] = Found[$"{metric.Name}{{{labels}}}"] = Read(metric, point);
                }
            }

            return ExportResult.Success;
        }

        private static Collected Read(Metric metric, in MetricPoint point)
        {
            if (metric.MetricType != MetricType.Histogram)
            {
                double value = metric.MetricType == MetricType.DoubleSum
                    ? point.GetSumDouble()
                    : point.GetGaugeLastValueDouble();
                return new Collected(value, 0, [], []);
            }

            var bounds = new List<double>();
            var upTo = new List<long>();
            long count = 0;
            foreach (HistogramBucket bucket in point.GetHistogramBuckets())
            {
                count += bucket.BucketCount;
                if (double.IsPositiveInfinity(bucket.ExplicitBound))
                    continue;
                bounds.Add(bucket.ExplicitBound);
                upTo.Add(count);
            }

            Assert.Equal(count, point.GetHistogramCount());
            return new Collected(point.GetHistogramSum(), count, bounds, upTo);
        }
    }
}
