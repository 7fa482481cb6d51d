using System.Diagnostics.Metrics;

namespace Kv.Kubernetes.Metrics;

/// <summary>All that the client and the runtime count, under the names that controller-runtime and client-go gave
/// them, so that the dashboards and alerts made for those work. One meter for a process; tests have one
/// each.</summary>
public sealed class RuntimeMetrics : IDisposable
{
    public const string MeterName = "Kv.Kubernetes";

    public RuntimeMetrics()
    {
        Meter = new Meter(MeterName);

        // Before there is any instrument, so that no series misses its first zero.
        Exporter = new MetricsExporter(meter => ReferenceEquals(meter, Meter));
        RestClient = new RestClientMetrics(Meter);
        Queues = new WorkQueueMetrics(Meter);
        Controllers = new ControllerMetrics(Meter);
        LeaderElection = new LeaderElectionMetrics(Meter);
        Informers = new InformerMetrics(Meter);
        ProcessMetrics.Create(Meter);
    }

    /// <summary>Whoever has figures of its own makes its instruments here.</summary>
    public Meter Meter { get; }

    /// <summary>Writes all that is measured on <see cref="Meter"/> for Prometheus.</summary>
    public MetricsExporter Exporter { get; }

    internal RestClientMetrics RestClient { get; }

    internal WorkQueueMetrics Queues { get; }

    internal ControllerMetrics Controllers { get; }

    internal LeaderElectionMetrics LeaderElection { get; }

    internal InformerMetrics Informers { get; }

    public void Dispose()
    {
        Exporter.Dispose();
        Meter.Dispose();
    }
}
