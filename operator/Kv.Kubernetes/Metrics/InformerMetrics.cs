using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Kv.Kubernetes.Metrics;

/// <summary>Whether the informers hear anything: one that lists and watches in vain looks just like a quiet
/// cluster.</summary>
internal sealed class InformerMetrics
{
    private readonly ConcurrentDictionary<string, Func<(int Objects, TimeSpan SinceContact)>> _informers = new();
    private readonly Counter<long> _lists;
    private readonly Counter<long> _watches;

    public InformerMetrics(Meter meter)
    {
        _lists = meter.CreateCounter<long>("kv_informer_lists_total", description: "Lists made by an informer.");
        _watches = meter.CreateCounter<long>("kv_informer_watches_total", description: "Watches begun by an informer.");
        meter.CreateObservableGauge(
            "kv_informer_objects", () => Read(each => (long)each.Objects), description: "Objects in the cache.");
        meter.CreateObservableGauge(
            "kv_informer_last_contact_seconds", () => Read(each => each.SinceContact.TotalSeconds),
            description: "Time since the server last answered a list or sent anything on a watch.");
    }

    public void Track(string name, Func<(int Objects, TimeSpan SinceContact)> read) => _informers[name] = read;

    public void CountList(string name) => _lists.Add(1, Tag(name));

    public void CountWatch(string name) => _watches.Add(1, Tag(name));

    private static KeyValuePair<string, object?> Tag(string name) => new("name", name);

    private IEnumerable<Measurement<T>> Read<T>(Func<(int Objects, TimeSpan SinceContact), T> read)
        where T : struct =>
        _informers.Select(each => new Measurement<T>(read(each.Value()), Tag(each.Key)));
}
