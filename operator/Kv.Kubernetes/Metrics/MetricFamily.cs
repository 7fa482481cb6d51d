using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Kv.Kubernetes.Metrics;

/// <summary>What one instrument has measured, by labels.</summary>
internal sealed class MetricFamily
{
    // Some thousand clusters, by their names and conditions; beyond that memory is worth more.
    private const int SeriesMax = 10_000;
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Instrument _instrument;
    private readonly string _kind;
    private readonly bool _adds;
    private readonly double[]? _bounds;
    private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

    private MetricFamily(Instrument instrument, string kind, bool adds, double[]? bounds) =>
        (_instrument, _kind, _adds, _bounds) = (instrument, kind, adds, bounds);

    /// <returns>Null for an instrument of a kind that has no place in the text.</returns>
    public static MetricFamily? TryCreate(Instrument instrument) => instrument switch
    {
        Histogram<double> histogram => new MetricFamily(
            instrument, "histogram", adds: true,
            histogram.Advice?.HistogramBucketBoundaries is { } bounds ? [.. bounds] : DefaultBounds),
        Counter<long> or Counter<double> => new MetricFamily(instrument, "counter", adds: true, bounds: null),
        UpDownCounter<long> => new MetricFamily(instrument, "gauge", adds: true, bounds: null),
        ObservableCounter<long> or ObservableCounter<double> => new MetricFamily(
            instrument, "counter", adds: false, bounds: null),
        _ when instrument.IsObservable || instrument is Gauge<long> or Gauge<int> or Gauge<double> =>
            new MetricFamily(instrument, "gauge", adds: false, bounds: null),
        _ => null,
    };

    /// <summary>What is observed is observed anew: a series that is no longer told of is gone.</summary>
    public void BeginObservation()
    {
        if (_instrument.IsObservable)
            _series.Clear();
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = LabelsOf(tags);
        if (!_series.TryGetValue(labels, out var series))
        {
            if (_series.Count >= SeriesMax)
                return;
            _series[labels] = series = new Series(new long[(_bounds?.Length ?? -1) + 1]);
        }

        series.Value = _adds ? series.Value + value : value;
        if (_bounds is null)
            return;
        int bucket = Array.BinarySearch(_bounds, value);
        series.Buckets[bucket < 0 ? ~bucket : bucket]++;
    }

    public void Write(TextWriter text)
    {
        if (_series.Count == 0)
            return;
        text.Write($"# HELP {_instrument.Name} {EscapeHelp(_instrument.Description ?? "")}\n");
        text.Write($"# TYPE {_instrument.Name} {_kind}\n");
        foreach ((string labels, var series) in _series)
        {
            if (_bounds is null)
                WriteLine(text, "", labels, Format(series.Value));
            else
                WriteHistogram(text, labels, series);
        }
    }

    private void WriteHistogram(TextWriter text, string labels, Series series)
    {
        string prefix = labels.Length == 0 ? "" : labels + ",";
        long count = 0;
        for (int bucket = 0; bucket <= _bounds!.Length; bucket++)
        {
            count += series.Buckets[bucket];
            string bound = bucket < _bounds.Length ? Format(_bounds[bucket]) : "+Inf";
            WriteLine(text, "_bucket", $"{prefix}le=\"{bound}\"", Format(count));
        }

        WriteLine(text, "_sum", labels, Format(series.Value));
        WriteLine(text, "_count", labels, Format(count));
    }

    private void WriteLine(TextWriter text, string suffix, string labels, string value) =>
        text.Write(labels.Length == 0
            ? $"{_instrument.Name}{suffix} {value}\n"
            : $"{_instrument.Name}{suffix}{{{labels}}} {value}\n");

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
            return "";
        var sorted = tags.ToArray();
        Array.Sort(sorted, static (left, right) => string.CompareOrdinal(left.Key, right.Key));
        var labels = new StringBuilder();
        foreach ((string name, object? value) in sorted)
        {
            string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            labels.Append(labels.Length == 0 ? "" : ",").Append(name);
            labels.Append("=\"").Append(EscapeValue(text)).Append('"');
        }

        return labels.ToString();
    }

    private static string EscapeValue(string text) => EscapeHelp(text).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string EscapeHelp(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Format(double value) => double.IsPositiveInfinity(value)
        ? "+Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A value, or of a histogram the sum and how many fell into each bucket.</summary>
    private sealed class Series(long[] buckets)
    {
        public double Value { get; set; }

        public long[] Buckets { get; } = buckets;
    }
}
