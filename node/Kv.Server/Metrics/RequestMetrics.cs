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

    // Nearly all calls are of clients of one version.
    private volatile KnownClient? _lastUnary;

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
        Range = new OutcomeHistogram(outcome => range.With(outcome));
    }

    public OutcomeHistogram Range { get; }

    /// <summary>By API (<c>watch</c>, <c>lease-keepalive</c>) and type (<c>receive</c>, <c>send</c>).</summary>
    public ScalarFamily<Counter> StreamFailures { get; }

    /// <param name="operation">As the field of the entry: <c>Put</c>, <c>Txn</c>. To be kept: this looks it
    /// up.</param>
    public OutcomeHistogram ApplyOf(string operation) =>
        new(outcome => _apply.With("v3", operation, outcome));

    /// <param name="type">The method: <c>Put</c>, <c>Range</c>. To be kept: this looks it up.</param>
    public OutcomeHistogram RequestOf(string type) =>
        new(outcome => _request.With(type, outcome));

    /// <summary>Counts a request of a client that called itself <paramref name="version"/>, if anything.</summary>
    public void CountClient(bool isStream, string? version)
    {
        version ??= "unknown";
        if (!isStream && _lastUnary is { } known && known.Version == version)
        {
            known.Requests.Increment();
            return;
        }

        if (!_byVersion.TryGetValue((isStream, version), out var counter))
            counter = FirstOf(isStream, version);
        if (!isStream)
            _lastUnary = new KnownClient(version, counter);
        counter.Increment();
    }

    private Counter FirstOf(bool isStream, string version)
    {
        string name = _byVersion.Count < ClientVersionsMax ? version : "other";
        var counter = _requests.With(isStream ? "stream" : "unary", name);
        return name == version ? _byVersion.GetOrAdd((isStream, version), counter) : counter;
    }

    private sealed record KnownClient(string Version, Counter Requests);
}

/// <summary>How long something took, apart for what came of it. A series is there once it has something to
/// show.</summary>
/// <param name="make">Finds or makes the series for the label value <c>true</c> or <c>false</c>.</param>
public sealed class OutcomeHistogram(Func<string, Histogram> make)
{
    private Histogram? _succeeded;
    private Histogram? _failed;

    public void Observe(TimeSpan elapsed, bool hasSucceeded) =>
        (hasSucceeded ? _succeeded ??= make("true") : _failed ??= make("false")).Observe(elapsed);
}
