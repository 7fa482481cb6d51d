using System.Diagnostics.Metrics;

namespace Kv.Kubernetes.Metrics;

/// <summary>Listens to meters and writes what they have measured in the text format of Prometheus. Instruments carry
/// their Prometheus names. A series more than an instrument may have is not kept: names of objects do not belong in
/// labels.</summary>
public sealed class MetricsExporter : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    /// <param name="isWanted">Which meters.</param>
    public MetricsExporter(Func<Meter, bool> isWanted)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!isWanted(instrument.Meter) || MetricFamily.TryCreate(instrument) is not { } family)
                return;
            lock (_gate)
                _families[instrument.Name] = family;
            listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record(state, value, tags));
        _listener.Start();
    }

    public string Write()
    {
        lock (_gate)
        {
            foreach (var family in _families.Values)
                family.BeginObservation();
        }

        _listener.RecordObservableInstruments();
        using var text = new StringWriter { NewLine = "\n" };
        lock (_gate)
        {
            foreach (var family in _families.Values)
                family.Write(text);
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
            ((MetricFamily)state!).Record(value, tags);
    }
}
