namespace Kv.Telemetry;

/// <summary>Counts what could not be exported, and tells of it seldom: a collector that is away must not fill the log.
/// Safe from any thread.</summary>
/// <param name="tell">Gets what is exported, and how much of it was lost since it was told last.</param>
public sealed class ExportLosses(string signal, TimeProvider clock, Action<string, long> tell)
{
    /// <summary>Between two lines about the same.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private long _untold;
    private long? _toldAt;

    /// <summary>All that was lost so far.</summary>
    public long Total { get; private set; }

    public void Add(long count)
    {
        long toTell;
        lock (_gate)
        {
            Total += count;
            _untold += count;
            if (_toldAt is { } last && clock.GetElapsedTime(last) < Pause)
                return;
            _toldAt = clock.GetTimestamp();
            toTell = _untold;
            _untold = 0;
        }

        tell(signal, toTell);
    }
}
