using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Kv.Kubernetes.Metrics;

/// <summary>What every exporter of Prometheus tells of its process.</summary>
internal static class ProcessMetrics
{
    public static void Create(Meter meter)
    {
        var start = Process.GetCurrentProcess().StartTime.ToUniversalTime() - DateTime.UnixEpoch;
        meter.CreateObservableGauge(
            "process_start_time_seconds",
            () => start.TotalSeconds,
            description: "Start time of the process since unix epoch in seconds.");
        meter.CreateObservableGauge(
            "process_resident_memory_bytes",
            static () => Environment.WorkingSet,
            description: "Resident memory size in bytes.");
        meter.CreateObservableCounter(
            "process_cpu_seconds_total",
            static () => Environment.CpuUsage.TotalTime.TotalSeconds,
            description: "Total user and system CPU time spent in seconds.");
    }
}
