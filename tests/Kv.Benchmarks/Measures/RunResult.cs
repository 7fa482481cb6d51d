using System.Globalization;
using System.Text;

namespace Kv.Benchmarks.Measures;

/// <summary>What came of a run, in the form "name value" that both people and scripts read.</summary>
public sealed record RunResult(string What, TimeSpan Elapsed, LatencyHistogram Latencies, long Errors)
{
    /// <summary>What is counted, if it is not requests: keys, events.</summary>
    public long? Items { get; init; }

    public string? FirstError { get; init; }

    public ServerUsage? Before { get; init; }

    public ServerUsage? After { get; init; }

    public override string ToString()
    {
        var text = new StringBuilder();
        double seconds = Elapsed.TotalSeconds;
        Line(text, "what", What);
        Line(text, "seconds", Text(seconds, "f2"));
        Line(text, "requests", $"{Latencies.Count}");
        Line(text, "per_second", Text(Latencies.Count / seconds, "f0"));
        if (Items is { } items)
            Line(text, "items_per_second", Text(items / seconds, "f0"));
        foreach ((string name, double share) in new[] { ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999) })
            Line(text, $"{name}_us", Text(Latencies.Percentile(share).TotalMicroseconds, "f0"));
        Line(text, "max_us", Text(Latencies.Max.TotalMicroseconds, "f0"));
        Line(text, "errors", $"{Errors}");
        if (FirstError is not null)
            Line(text, "first_error", FirstError);
        AddUsage(text);
        return text.ToString();
    }

    private void AddUsage(StringBuilder text)
    {
        if (Before is null || After is null)
            return;
        TimeSpan cpu = After.Cpu - Before.Cpu;
        Line(text, "cpu_seconds", Text(cpu.TotalSeconds, "f2"));
        Line(text, "cpu_us_per_request", Text(cpu.TotalMicroseconds / Math.Max(1, Latencies.Count), "f1"));
        Line(text, "rss_bytes", $"{After.RssBytes}");
        Line(text, "peak_rss_bytes", $"{After.PeakRssBytes}");
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static void Line(StringBuilder text, string name, string value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name,-20} {value}\n");
}
