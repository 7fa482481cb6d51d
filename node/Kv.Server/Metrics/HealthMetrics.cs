namespace Kv.Server.Metrics;

/// <summary>Who asked how we are, and what we said.</summary>
public sealed class HealthMetrics(MetricRegistry registry)
{
    private readonly ScalarFamily<Gauge> _check = registry.GaugeFamily(
        "etcd_server_healthcheck", "The last outcome of each check: 1 is good.", "type", "name");

    private readonly ScalarFamily<Counter> _checks = registry.CounterFamily(
        "etcd_server_healthchecks_total", "Checks made, by outcome.", "type", "name", "status");

    private readonly ScalarFamily<Counter> _scrapes = registry.CounterFamily(
        "promhttp_metric_handler_requests_total", "Answers of /metrics, by status.", "code");

    public Counter Healthy { get; } = registry.Counter("etcd_server_health_success", "/health said that all is well.");

    public Counter Unhealthy { get; } = registry.Counter("etcd_server_health_failures", "/health said that it is not.");

    public Gauge ScrapesInFlight { get; } = registry.Gauge(
        "promhttp_metric_handler_requests_in_flight", "Answers of /metrics under way.");

    public void CountScrape(int status) =>
        _scrapes.With(status.ToString(System.Globalization.CultureInfo.InvariantCulture)).Increment();

    /// <param name="type"><c>livez</c> or <c>readyz</c>.</param>
    public void CountCheck(string type, string name, bool isGood)
    {
        _check.With(type, name).Set(isGood);
        _checks.With(type, name, isGood ? "success" : "error").Increment();
    }
}
