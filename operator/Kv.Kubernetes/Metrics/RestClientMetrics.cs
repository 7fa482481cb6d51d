using System.Diagnostics.Metrics;
using System.Globalization;
using Kv.Kubernetes.Client;

namespace Kv.Kubernetes.Metrics;

/// <summary>What client-go counts of its requests.</summary>
internal sealed class RestClientMetrics(Meter meter)
{
    /// <summary>client-go's word for a request that had no answer.</summary>
    private const string NoAnswer = "<error>";

    private static readonly double[] Seconds =
        [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

    private static readonly double[] SizeBytes =
        [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216];

    private readonly Counter<long> _requests = meter.CreateCounter<long>(
        "rest_client_requests_total",
        description: "Number of HTTP requests, partitioned by status code, method, and host.");

    private readonly Counter<long> _retries = meter.CreateCounter<long>(
        "rest_client_request_retries_total",
        description: "Number of request retries, partitioned by status code, verb, and host.");

    private readonly Histogram<double> _durations = Create(
        meter, "rest_client_request_duration_seconds", "Request latency in seconds, broken down by verb and host.",
        Seconds);

    private readonly Histogram<double> _paced = Create(
        meter, "rest_client_rate_limiter_duration_seconds",
        "Client side rate limiter latency in seconds, broken down by verb and host.", Seconds);

    private readonly Histogram<double> _sent = Create(
        meter, "rest_client_request_size_bytes", "Request size in bytes, broken down by verb and host.", SizeBytes);

    private readonly Histogram<double> _received = Create(
        meter, "rest_client_response_size_bytes", "Response size in bytes, broken down by verb and host.", SizeBytes);

    /// <param name="code">The HTTP status; null if there was no answer.</param>
    public void CountRequest(ApiRequest request, string host, int? code, TimeSpan took)
    {
        _requests.Add(1, new("code", Text(code)), new("method", request.Method.Method), new("host", host));
        if (!request.IsStream)
            _durations.Record(took.TotalSeconds, new("verb", request.Verb), new("host", host));
        if (request.Body is { } body)
            _sent.Record(body.Length, new("verb", request.Verb), new("host", host));
    }

    public void CountRetry(ApiRequest request, string host, int? code) =>
        _retries.Add(1, new("code", Text(code)), new("verb", request.Verb), new("host", host));

    public void CountPause(ApiRequest request, string host, TimeSpan waited) =>
        _paced.Record(waited.TotalSeconds, new("verb", request.Verb), new("host", host));

    public void CountResponseBytes(ApiRequest request, string host, long bytes) =>
        _received.Record(bytes, new("verb", request.Verb), new("host", host));

    internal static Histogram<double> Create(Meter meter, string name, string description, double[] bounds) =>
        meter.CreateHistogram(
            name,
            description: description,
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private static string Text(int? code) => code?.ToString(CultureInfo.InvariantCulture) ?? NoAnswer;
}
