using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Text;

namespace Kv.Server.Metrics;

public enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>A metric's name, and what there is under it.</summary>
public abstract class MetricFamily(string name, MetricKind kind, string help)
{
    public string Name { get; } = name;

    public MetricKind Kind { get; } = kind;

    public string Help { get; } = help;

    /// <summary>Shows each series there is to <paramref name="visitor"/>.</summary>
    public abstract void Visit(IMetricVisitor visitor);
}

/// <summary>Sees the series of a family, in the order in which they are written.</summary>
public interface IMetricVisitor
{
    void Visit(MetricFamily family, MetricLabels labels, double value);

    void Visit(MetricFamily family, MetricLabels labels, Histogram histogram);
}

/// <summary>What tells one series of a family from the others; sorted by name, as Prometheus' own libraries
/// do.</summary>
public sealed record MetricLabels(IReadOnlyList<KeyValuePair<string, string>> Pairs)
{
    public static MetricLabels None { get; } = new([]);

    /// <summary>As it stands in the text, without braces: <c>a="b",c="d"</c>.</summary>
    public string Text { get; } = string.Join(',', Pairs.Select(pair => $"{pair.Key}=\"{Escape(pair.Value)}\""));

    /// <summary>As instruments of a meter have them.</summary>
    public KeyValuePair<string, object?>[] ToTags() =>
        [.. Pairs.Select(pair => new KeyValuePair<string, object?>(pair.Key, pair.Value))];

    public static MetricLabels Of(params ReadOnlySpan<(string Name, string Value)> pairs)
    {
        var sorted = new KeyValuePair<string, string>[pairs.Length];
        for (int index = 0; index < pairs.Length; index++)
            sorted[index] = new(pairs[index].Name, pairs[index].Value);
        Array.Sort(sorted, (left, right) => string.CompareOrdinal(left.Key, right.Key));
        return new MetricLabels(sorted);
    }

    private static string Escape(string value) =>
        new StringBuilder(value).Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n").ToString();
}

/// <summary>A family whose series are made when they are first asked for and stay. <typeparamref name="T"/> is what
/// is counted with.</summary>
public abstract class StoredFamily<T>(string name, MetricKind kind, string help, IReadOnlyList<string> labelNames)
    : MetricFamily(name, kind, help)
    where T : class
{
    private readonly Lock _gate = new();
    private ImmutableSortedDictionary<string, (MetricLabels Labels, T Series)> _series =
        ImmutableSortedDictionary.Create<string, (MetricLabels Labels, T Series)>(StringComparer.Ordinal);

    /// <summary>The series of these label values, in the order of the family's label names. To be kept by whoever
    /// counts often: this looks it up.</summary>
    public T With(params ReadOnlySpan<string> values)
    {
        Invariant.Require(values.Length == labelNames.Count);
        var pairs = new (string, string)[values.Length];
        for (int index = 0; index < pairs.Length; index++)
            pairs[index] = (labelNames[index], values[index]);

        var labels = MetricLabels.Of(pairs);
        lock (_gate)
        {
            if (_series.TryGetValue(labels.Text, out var known))
                return known.Series;
            var made = Make(labels);
            _series = _series.Add(labels.Text, (labels, made));
            return made;
        }
    }

    /// <summary>Forgets all series: for the kind that names a version or a state, of which there is one at a
    /// time.</summary>
    public void Clear()
    {
        lock (_gate)
            _series = _series.Clear();
    }

    public override void Visit(IMetricVisitor visitor)
    {
        foreach (var (labels, series) in Volatile.Read(ref _series).Values)
            Visit(visitor, labels, series);
    }

    protected abstract T Make(MetricLabels labels);

    protected abstract void Visit(IMetricVisitor visitor, MetricLabels labels, T series);
}

/// <summary>Counters or gauges.</summary>
public sealed class ScalarFamily<T>(string name, MetricKind kind, string help, IReadOnlyList<string> labelNames)
    : StoredFamily<T>(name, kind, help, labelNames)
    where T : class, IScalar, new()
{
    protected override T Make(MetricLabels labels) => new();

    protected override void Visit(IMetricVisitor visitor, MetricLabels labels, T series) =>
        visitor.Visit(this, labels, series.Value);
}

public sealed class HistogramFamily(
    string name, HistogramBuckets buckets, string help, IReadOnlyList<string> labelNames)
    : StoredFamily<Histogram>(name, MetricKind.Histogram, help, labelNames)
{
    // Set once, while the node is put together.
    private Histogram<double>? _instrument;

    /// <summary>Whether anybody listens to the instrument.</summary>
    internal bool IsHeard => _instrument is { Enabled: true };

    /// <summary>Makes it an instrument of <paramref name="meter"/>, with its bounds for whoever aggregates.</summary>
    internal void ShowIn(Meter meter) => _instrument = meter.CreateHistogram(
        Name,
        unit: null,
        Help,
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets.Bounds });

    /// <summary>Hands one observation to those who listen. They must be there: see <see cref="IsHeard"/>.</summary>
    internal void Tell(double value, KeyValuePair<string, object?>[] tags) => _instrument!.Record(value, tags);

    protected override Histogram Make(MetricLabels labels) => new(buckets, this, labels.ToTags());

    protected override void Visit(IMetricVisitor visitor, MetricLabels labels, Histogram series) =>
        visitor.Visit(this, labels, series);
}

/// <summary>A family whose series are counted elsewhere, and looked at when somebody asks.</summary>
public sealed class ReadFamily(
    string name, MetricKind kind, string help, Func<IEnumerable<(MetricLabels Labels, double Value)>> read)
    : MetricFamily(name, kind, help)
{
    public override void Visit(IMetricVisitor visitor)
    {
        foreach (var (labels, value) in read())
            visitor.Visit(this, labels, value);
    }
}
