using System.Diagnostics;
using System.Globalization;

namespace Kv.Server.Metrics;

/// <summary>The process as the kernel sees it, under the names that Go's and others' servers use; and, instead of the
/// runtime of Go, ours: to report a heap of Go's would be a lie. Read when somebody asks.</summary>
public static class ProcessMetrics
{
    private const string Descriptors = "/proc/self/fd";
    private const string Limits = "/proc/self/limits";
    private const string Network = "/proc/self/net/netstat";

    public static void AddTo(MetricRegistry registry)
    {
        Counter(registry, "process_cpu_seconds_total", "Time on processors.",
            () => Environment.CpuUsage.TotalTime.TotalSeconds);
        Gauge(registry, "process_resident_memory_bytes", "Memory in use.", () => Environment.WorkingSet);
        Gauge(registry, "process_virtual_memory_bytes", "Address space in use.", VirtualBytes);
        Gauge(registry, "process_virtual_memory_max_bytes", "Address space there may be.",
            () => Limit("Max address space"));
        Gauge(registry, "process_open_fds", "Open file descriptors.", OpenDescriptors);
        Gauge(registry, "process_max_fds", "Most file descriptors that may be open.", () => Limit("Max open files"));
        Gauge(registry, "os_fd_used", "Open file descriptors.", OpenDescriptors);
        Gauge(registry, "os_fd_limit", "Most file descriptors that may be open.", () => Limit("Max open files"));
        Counter(registry, "process_network_receive_bytes_total", "Bytes received by this host or container.",
            () => NetworkBytes("InOctets"));
        Counter(registry, "process_network_transmit_bytes_total", "Bytes sent by this host or container.",
            () => NetworkBytes("OutOctets"));

        double started = StartTime();
        Gauge(registry, "process_start_time_seconds", "When the process began, in seconds since 1970.", () => started);
        AddRuntime(registry);
    }

    private static void AddRuntime(MetricRegistry registry)
    {
        Gauge(registry, "dotnet_gc_heap_bytes", "Memory that objects took after the last collection.",
            () => GC.GetGCMemoryInfo().HeapSizeBytes);
        Gauge(registry, "dotnet_gc_committed_bytes", "Memory that the collector holds.",
            () => GC.GetGCMemoryInfo().TotalCommittedBytes);
        Counter(registry, "dotnet_gc_pause_seconds_total", "Time for which collections stopped all threads.",
            () => GC.GetTotalPauseDuration().TotalSeconds);
        Counter(registry, "dotnet_gc_allocated_bytes_total", "Memory that objects were given.",
            () => GC.GetTotalAllocatedBytes());
        registry.Add(new ReadFamily(
            "dotnet_gc_collections_total", MetricKind.Counter, "Collections, by generation.", Collections));
        Gauge(registry, "dotnet_thread_pool_threads", "Threads of the pool.", () => ThreadPool.ThreadCount);
        Gauge(registry, "dotnet_thread_pool_queue_length", "Work that waits for a thread of the pool.",
            () => ThreadPool.PendingWorkItemCount);
    }

    private static IEnumerable<(MetricLabels Labels, double Value)> Collections() =>
        Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => (
            MetricLabels.Of(("generation", generation.ToString(CultureInfo.InvariantCulture))),
            (double)GC.CollectionCount(generation)));

    private static double StartTime()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
    }

    private static double VirtualBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.VirtualMemorySize64;
    }

    private static double OpenDescriptors() =>
        Directory.Exists(Descriptors) ? Directory.EnumerateFileSystemEntries(Descriptors).Count() : 0;

    /// <summary>The soft limit in a table of which a row is <c>Max open files   1024   4096   files</c>.</summary>
    private static double Limit(string name)
    {
        foreach (string line in Lines(Limits))
        {
            if (!line.StartsWith(name, StringComparison.Ordinal))
                continue;
            string soft = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
            return double.TryParse(soft, CultureInfo.InvariantCulture, out double limit) ? limit : ulong.MaxValue;
        }

        return 0;
    }

    /// <summary>From pairs of lines of which the first has the names and the second the numbers.</summary>
    private static double NetworkBytes(string name)
    {
        string[] rows = [.. Lines(Network).Where(line => line.StartsWith("IpExt:", StringComparison.Ordinal))];
        if (rows.Length < 2)
            return 0;
        int column = Array.IndexOf(rows[0].Split(' '), name);
        return column < 0 ? 0 : double.Parse(rows[1].Split(' ')[column], CultureInfo.InvariantCulture);
    }

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];

    private static void Gauge(MetricRegistry registry, string name, string help, Func<double> read) =>
        registry.Gauge(name, help).ReadFrom(read);

    private static void Counter(MetricRegistry registry, string name, string help, Func<double> read) =>
        registry.Add(new ReadFamily(name, MetricKind.Counter, help, () => [(MetricLabels.None, read())]));
}
