using System.Diagnostics.Metrics;

namespace Kv.Kubernetes.Metrics;

/// <summary>What controller-runtime counts of its controllers.</summary>
internal sealed class ControllerMetrics(Meter meter)
{
    private static readonly double[] Seconds =
    [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5,
        1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ];

    private static readonly string[] Results = ["success", "error", "requeue", "requeue_after"];

    private readonly Counter<long> _reconciles = meter.CreateCounter<long>(
        "controller_runtime_reconcile_total", description: "Total number of reconciliations per controller");

    private readonly Counter<long> _errors = meter.CreateCounter<long>(
        "controller_runtime_reconcile_errors_total",
        description: "Total number of reconciliation errors per controller");

    private readonly Counter<long> _terminal = meter.CreateCounter<long>(
        "controller_runtime_terminal_reconcile_errors_total",
        description: "Total number of terminal reconciliation errors per controller");

    private readonly Counter<long> _panics = meter.CreateCounter<long>(
        "controller_runtime_reconcile_panics_total",
        description: "Total number of reconciliation panics per controller");

    private readonly Counter<long> _timeouts = meter.CreateCounter<long>(
        "controller_runtime_reconcile_timeouts_total",
        description: "Total number of reconciliations that ran into their time limit per controller");

    private readonly UpDownCounter<long> _workersMax = meter.CreateUpDownCounter<long>(
        "controller_runtime_max_concurrent_reconciles",
        description: "Maximum number of concurrent reconciles per controller");

    private readonly UpDownCounter<long> _active = meter.CreateUpDownCounter<long>(
        "controller_runtime_active_workers", description: "Number of currently used workers per controller");

    private readonly Histogram<double> _durations = RestClientMetrics.Create(
        meter, "controller_runtime_reconcile_time_seconds", "How long a reconciliation took, by controller", Seconds);

    /// <summary>Starts all series of a controller at 0.</summary>
    public void Track(string controller, int workers)
    {
        foreach (string result in Results)
            _reconciles.Add(0, new("controller", controller), new("result", result));
        _errors.Add(0, Tag(controller));
        _terminal.Add(0, Tag(controller));
        _panics.Add(0, Tag(controller));
        _timeouts.Add(0, Tag(controller));
        _active.Add(0, Tag(controller));
        _workersMax.Add(workers, Tag(controller));
    }

    public void Begin(string controller) => _active.Add(1, Tag(controller));

    public void End(string controller, TimeSpan took)
    {
        _active.Add(-1, Tag(controller));
        _durations.Record(took.TotalSeconds, Tag(controller));
    }

    /// <param name="result">"success", "error", "requeue" or "requeue_after".</param>
    public void CountResult(string controller, string result)
    {
        _reconciles.Add(1, new("controller", controller), new("result", result));
        if (result == "error")
            _errors.Add(1, Tag(controller));
    }

    public void CountTerminal(string controller) => _terminal.Add(1, Tag(controller));

    public void CountPanic(string controller) => _panics.Add(1, Tag(controller));

    public void CountTimeout(string controller) => _timeouts.Add(1, Tag(controller));

    private static KeyValuePair<string, object?> Tag(string controller) => new("controller", controller);
}
