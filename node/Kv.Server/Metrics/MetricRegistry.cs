namespace Kv.Server.Metrics;

/// <summary>All families of one node. Families are made while the node is put together; after that it is only
/// read.</summary>
public sealed class MetricRegistry
{
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);

    /// <summary>In order of their names.</summary>
    public IReadOnlyCollection<MetricFamily> Families => _families.Values;

    public Counter Counter(string name, string help) => CounterFamily(name, help).With();

    public ScalarFamily<Counter> CounterFamily(string name, string help, params string[] labels) =>
        Add(new ScalarFamily<Counter>(name, MetricKind.Counter, help, labels));

    public Gauge Gauge(string name, string help) => GaugeFamily(name, help).With();

    public ScalarFamily<Gauge> GaugeFamily(string name, string help, params string[] labels) =>
        Add(new ScalarFamily<Gauge>(name, MetricKind.Gauge, help, labels));

    /// <summary>A number that grows but that etcd calls a gauge; clients see the type, so we do too.</summary>
    public ScalarFamily<Counter> GrowingGaugeFamily(string name, string help) =>
        Add(new ScalarFamily<Counter>(name, MetricKind.Gauge, help, []));

    public Histogram Histogram(string name, HistogramBuckets buckets, string help) =>
        HistogramFamily(name, buckets, help).With();

    public HistogramFamily HistogramFamily(
        string name, HistogramBuckets buckets, string help, params string[] labels) =>
        Add(new HistogramFamily(name, buckets, help, labels));

    public T Add<T>(T family)
        where T : MetricFamily
    {
        _families.Add(family.Name, family);
        return family;
    }
}
