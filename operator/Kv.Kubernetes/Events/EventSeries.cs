using System.Globalization;
using Kv.Kubernetes.Client;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Events;

/// <summary>Writes events, and counts up the one that is there when the same is told again within six minutes, so that
/// a fault that lasts for hours is one line and not a thousand. An object may have a burst of different ones, and then
/// one in five minutes (the numbers are client-go's).</summary>
internal sealed class EventSeries(IKubernetesClient client, string controller, string instance, TimeProvider time)
{
    private const int KnownMax = 4096;
    private const int BurstOfObject = 25;
    private const double PerSecondOfObject = 1 / 300.0;
    private static readonly TimeSpan SeriesGap = TimeSpan.FromMinutes(6);

    private readonly Dictionary<EventKey, Series> _known = [];
    private readonly Dictionary<string, TokenBucket> _budgets = [];

    /// <returns>False if the object has had too many.</returns>
    public async Task<bool> WriteAsync(RecordedEvent told, CancellationToken cancelled)
    {
        Forget();
        var key = new EventKey(told.Regarding.Uid ?? "", told.Reason, told.Note, told.Type, told.Action);
        if (_known.TryGetValue(key, out var series))
        {
            series.Count++;
            series.LastAt = time.GetTimestamp();
            if (await TryCountUpAsync(series, told.At, cancelled))
                return true;
            _known.Remove(key); // it has expired at the server
        }

        if (!BudgetOf(key.Uid).TryTake())
            return false;
        var written = await client.CreateAsync(NewEvent(told), cancelled);
        _known[key] = new Series(written) { LastAt = time.GetTimestamp() };
        return true;
    }

    private async Task<bool> TryCountUpAsync(Series series, DateTime at, CancellationToken cancelled)
    {
        var last = new Eventsv1EventSeries { Count = series.Count, LastObservedTime = at };
        try
        {
            await client.PatchAsync(series.Written, V1Patch.Merge(new { series = last }), cancelled);
            return true;
        }
        catch (KubernetesException gone) when (gone.IsNotFound)
        {
            return false;
        }
    }

    private Eventsv1Event NewEvent(RecordedEvent told) => new()
    {
        Metadata =
        {
            // As client-go names them: of the object and the time, so that no two are the same.
            Name = $"{told.Regarding.Name}.{told.At.Ticks.ToString("x", CultureInfo.InvariantCulture)}",
            NamespaceProperty = told.Regarding.NamespaceProperty ?? "default",
        },
        EventTime = told.At,
        ReportingController = controller,
        ReportingInstance = instance,
        Action = told.Action,
        Reason = told.Reason,
        Regarding = told.Regarding,
        Note = told.Note,
        Type = told.Type.ToString(),
    };

    private TokenBucket BudgetOf(string uid)
    {
        if (!_budgets.TryGetValue(uid, out var budget))
        {
            if (_budgets.Count >= KnownMax)
                _budgets.Clear(); // rather a few events more than memory without end
            _budgets[uid] = budget = new TokenBucket(PerSecondOfObject, BurstOfObject, time);
        }

        return budget;
    }

    private void Forget()
    {
        foreach ((var key, var series) in _known)
        {
            if (time.GetElapsedTime(series.LastAt) >= SeriesGap)
                _known.Remove(key); // allowed while walking
        }

        if (_known.Count >= KnownMax)
            _known.Clear();
    }

    private readonly record struct EventKey(string Uid, string Reason, string Note, EventType Type, string Action);

    private sealed class Series(Eventsv1Event written)
    {
        public Eventsv1Event Written { get; } = written;

        public int Count { get; set; } = 1;

        public long LastAt { get; set; }
    }
}
