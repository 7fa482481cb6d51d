using System.Text;
using Kv.Server.Metrics;

namespace Kv.Node.Tests.Metrics;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Is_what_Prometheus_reads()
    {
        var registry = new MetricRegistry();
        registry.Gauge("b_bytes", "Bytes.").Set(2_000_000);
        registry.Counter("a_total", "All of them.").Add(3);
        ScalarFamily<Counter> calls = registry.CounterFamily("c_total", "Calls.", "Type", "API");
        calls.With("send", "watch").Increment();
        calls.With("receive", "a\"b\\c\nd").Add(2);
        var buckets = new ExponentialBuckets(0.001, 2);
        Histogram times = registry.HistogramFamily("d_seconds", buckets, "Times.", "op").With("Put");
        times.Observe(0.0005);
        times.Observe(0.002);
        times.Observe(1);
        registry.CounterFamily("e_total", "Not there yet.", "reason");

        Assert.Equal(
            """
            # HELP a_total All of them.
            # TYPE a_total counter
            a_total 3
            # HELP b_bytes Bytes.
            # TYPE b_bytes gauge
            b_bytes 2e+06
            # HELP c_total Calls.
            # TYPE c_total counter
            c_total{API="a\"b\\c\nd",Type="receive"} 2
            c_total{API="watch",Type="send"} 1
            # HELP d_seconds Times.
            # TYPE d_seconds histogram
            d_seconds_bucket{op="Put",le="0.001"} 1
            d_seconds_bucket{op="Put",le="0.002"} 2
            d_seconds_bucket{op="Put",le="+Inf"} 3
            d_seconds_sum{op="Put"} 1.0025
            d_seconds_count{op="Put"} 3

            """,
            Encoding.UTF8.GetString(PrometheusText.Write(registry).Span));
    }

    [Fact]
    public void What_is_counted_elsewhere_is_read_when_asked_for()
    {
        var registry = new MetricRegistry();
        long elsewhere = 5;
        registry.Counter("a_total", "A.").ReadFrom(() => elsewhere);
        registry.Gauge("b", "B.").ReadFrom(() => -elsewhere);
        elsewhere = 7;

        string text = Encoding.UTF8.GetString(PrometheusText.Write(registry).Span);

        Assert.Contains("\na_total 7\n", text);
        Assert.Contains("\nb -7\n", text);
    }

    [Fact]
    public void A_name_is_given_once() =>
        Assert.Throws<ArgumentException>(() =>
        {
            var registry = new MetricRegistry();
            registry.Counter("a_total", "A.");
            registry.Gauge("a_total", "B.");
        });
}
