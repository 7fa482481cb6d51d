using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Kv.Kubernetes.Metrics;

/// <summary>What client-go counts of its work queues. What is true at a moment is asked of the queues when somebody
/// looks.</summary>
internal sealed class WorkQueueMetrics
{
    private static readonly double[] Seconds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];

    private readonly ConcurrentDictionary<string, IQueueGauges> _queues = new();
    private readonly Counter<long> _adds;
    private readonly Counter<long> _retries;
    private readonly Histogram<double> _waited;
    private readonly Histogram<double> _worked;

    public WorkQueueMetrics(Meter meter)
    {
        _adds = meter.CreateCounter<long>(
            "workqueue_adds_total", description: "Total number of adds handled by workqueue");
        _retries = meter.CreateCounter<long>(
            "workqueue_retries_total", description: "Total number of retries handled by workqueue");
        _waited = RestClientMetrics.Create(
            meter, "workqueue_queue_duration_seconds",
            "How long in seconds an item stays in workqueue before being requested", Seconds);
        _worked = RestClientMetrics.Create(
            meter, "workqueue_work_duration_seconds",
            "How long in seconds processing an item from workqueue takes.", Seconds);
        meter.CreateObservableUpDownCounter(
            "workqueue_depth", () => Read(each => (long)each.Depth), description: "Current depth of workqueue");
        meter.CreateObservableGauge(
            "workqueue_unfinished_work_seconds", () => Read(each => each.UnfinishedWork.TotalSeconds),
            description: "How many seconds of work has been done that is in progress and hasn't been observed yet");
        meter.CreateObservableGauge(
            "workqueue_longest_running_processor_seconds", () => Read(each => each.LongestRunning.TotalSeconds),
            description: "How many seconds has the longest running processor for workqueue been running.");
    }

    /// <summary>Starts all series of a queue at 0, so that a first increase can be seen as one.</summary>
    public void Track(string name, IQueueGauges queue)
    {
        _queues[name] = queue;
        _adds.Add(0, Tags(name));
        _retries.Add(0, Tags(name));
    }

    public void CountAdd(string name) => _adds.Add(1, Tags(name));

    public void CountRetry(string name) => _retries.Add(1, Tags(name));

    public void CountWait(string name, TimeSpan time) => _waited.Record(time.TotalSeconds, Tags(name));

    public void CountWork(string name, TimeSpan time) => _worked.Record(time.TotalSeconds, Tags(name));

    private static ReadOnlySpan<KeyValuePair<string, object?>> Tags(string name) =>
        new KeyValuePair<string, object?>[] { new("controller", name), new("name", name) };

    private IEnumerable<Measurement<T>> Read<T>(Func<IQueueGauges, T> read)
        where T : struct =>
        _queues.Select(each => new Measurement<T>(read(each.Value), Tags(each.Key)));
}

/// <summary>What is true of a queue at a moment.</summary>
internal interface IQueueGauges
{
    int Depth { get; }

    /// <summary>The work under way, added up.</summary>
    TimeSpan UnfinishedWork { get; }

    TimeSpan LongestRunning { get; }
}
