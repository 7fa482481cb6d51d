using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kv.Server.Metrics;

/// <summary>Writes a registry as Prometheus reads it.
/// <code>
/// # HELP etcd_mvcc_put_total ...
/// # TYPE etcd_mvcc_put_total counter
/// etcd_mvcc_put_total 2
/// </code>
/// Families without a series are left out.</summary>
public sealed class PrometheusText : IMetricVisitor
{
    /// <summary>What etcd 3.7 answers to a plain request.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private MetricFamily? _headed;

    private PrometheusText()
    {
    }

    public static ReadOnlyMemory<byte> Write(MetricRegistry registry)
    {
        var text = new PrometheusText();
        foreach (var family in registry.Families)
            family.Visit(text);
        return text._output.WrittenMemory;
    }

    void IMetricVisitor.Visit(MetricFamily family, MetricLabels labels, double value)
    {
        Head(family);
        Line(family.Name, "", labels.Text, GoFloat.Format(value));
    }

    void IMetricVisitor.Visit(MetricFamily family, MetricLabels labels, Histogram histogram)
    {
        Head(family);
        var reading = histogram.Read();
        string prefix = labels.Text.Length == 0 ? "" : labels.Text + ",";
        for (int bucket = 0; bucket < reading.UpTo.Count; bucket++)
        {
            string bound = GoFloat.Format(histogram.Bounds[bucket]);
            Line(family.Name, "_bucket", $"{prefix}le=\"{bound}\"", Whole(reading.UpTo[bucket]));
        }

        Line(family.Name, "_bucket", $"{prefix}le=\"+Inf\"", Whole(reading.Count));
        Line(family.Name, "_sum", labels.Text, GoFloat.Format(reading.Sum));
        Line(family.Name, "_count", labels.Text, Whole(reading.Count));
    }

    private void Head(MetricFamily family)
    {
        if (ReferenceEquals(_headed, family))
            return;
        _headed = family;
        Append($"# HELP {family.Name} {family.Help}\n# TYPE {family.Name} ");
        Append(family.Kind switch
        {
            MetricKind.Counter => "counter\n",
            MetricKind.Gauge => "gauge\n",
            _ => "histogram\n",
        });
    }

    private void Line(string name, string suffix, string labels, string value) =>
        Append(labels.Length == 0 ? $"{name}{suffix} {value}\n" : $"{name}{suffix}{{{labels}}} {value}\n");

    private void Append(string text) => Encoding.UTF8.GetBytes(text, _output);

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);
}
