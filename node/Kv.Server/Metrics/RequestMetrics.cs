using System.Collections.Concurrent;

namespace Kv.Server.Metrics;

/// <summary>What happens to requests of clients.</summary>
public sealed class RequestMetrics
{
    /// <summary>A client may call itself anything: beyond these, all count as one, so that nobody can fill our
    /// memory or Prometheus'.</summary>
    private const int ClientVersionsMax = 32;

    private readonly HistogramFamily _apply;
    private readonly HistogramFamily _request;
    private readonly ScalarFamily<Counter> _requests;
    private readonly ConcurrentDictionary<(bool IsStream, string Version), Counter> _byVersion = new();

    public RequestMetrics(MetricRegistry registry)
    {
        _apply = registry.HistogramFamily(
            "etcd_server_apply_duration_seconds", Buckets.Apply, "How long applying an entry took.",
            "version", "op", "success");
        _request = registry.HistogramFamily(
            "etcd_server_request_duration_seconds", Buckets.Disk, "How long answering a request took.",
            "type", "success");
        _requests = registry.CounterFamily(
            "etcd_server_client_requests_total", "Requests by kind and by the client's version.",
            "type", "client_api_version");
        StreamFailures = registry.CounterFamily(
            "etcd_network_server_stream_failures_total", "Streams that broke off.", "API", "Type");
        var range = registry.HistogramFamily(
            "etcd_server_range_duration_seconds", Buckets.Apply, "How long reading a range took.", "success");
        Range = new OutcomeHistogram(range.With("true"), range.With("false"));
    }

    public OutcomeHistogram Range { get; }

    /// <summary>By API (<c>watch</c>, <c>lease-keepalive</c>) and type (<c>receive</c>, <c>send</c>).</summary>
    public ScalarFamily<Counter> StreamFailures { get; }

    /// <param name="operation">As the field of the entry: <c>Put</c>, <c>Txn</c>. To be kept: this looks it
    /// up.</param>
    public OutcomeHistogram ApplyOf(string operation) =>
        new(_apply.With("v3", operation, "true"), _apply.With("v3", operation, "false"));

    /// <param name="type">The method: <c>Put</c>, <c>Range</c>. To be kept: this looks it up.</param>
    public OutcomeHistogram RequestOf(string type) =>
        new(_request.With(type, "true"), _request.With(type, "false"));

    /// <summary>Counts a request of a client that called itself <paramref name="version"/>, if anything.</summary>
    public void CountClient(bool isStream, string? version)
    {
        if (!_byVersion.TryGetValue((isStream, version ?? "unknown"), out var counter))
            counter = FirstOf(isStream, version ?? "unknown");
        counter.Increment();
    }

    private Counter FirstOf(bool isStream, string version)
    {
        string name = _byVersion.Count < ClientVersionsMax ? version : "other";
        var counter = _requests.With(isStream ? "stream" : "unary", name);
        return name == version ? _byVersion.GetOrAdd((isStream, version), counter) : counter;
    }
}

/// <summary>How long something took, apart for what came of it.</summary>
public sealed class OutcomeHistogram(Histogram succeeded, Histogram failed)
{
    public void Observe(TimeSpan elapsed, bool hasSucceeded) => (hasSucceeded ? succeeded : failed).Observe(elapsed);

    /// <param name="startTimestamp">From <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/>.</param>
    public void ObserveSince(long startTimestamp, bool hasSucceeded) =>
        (hasSucceeded ? succeeded : failed).ObserveSince(startTimestamp);
}
