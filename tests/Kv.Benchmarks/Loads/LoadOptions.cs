namespace Kv.Benchmarks.Loads;

/// <summary>How a load is made. A run ends with its total or its time, whichever comes first.</summary>
public sealed record LoadOptions
{
    public required IReadOnlyList<string> Endpoints { get; init; }

    public required int Connections { get; init; }

    /// <summary>Requests under way at any time, over all connections.</summary>
    public required int Clients { get; init; }

    public required int KeyBytes { get; init; }

    public required int ValueBytes { get; init; }

    /// <summary>How many different keys there are.</summary>
    public required int Keys { get; init; }

    public required bool Sequential { get; init; }

    public required long Total { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>Of that time the beginning, in which requests are sent and not counted.</summary>
    public TimeSpan Warmup { get; init; }

    /// <summary>Requests per second; 0 for as many as go.</summary>
    public required double Rate { get; init; }

    public required int Seed { get; init; }

    /// <summary>The server's process, to tell what it used; 0 if it is elsewhere.</summary>
    public required int Process { get; init; }

    /// <summary>Whether reads may be answered without asking the leader.</summary>
    public bool Serializable { get; init; }

    /// <summary>Keys of one range or operations of one transaction.</summary>
    public int Span { get; init; } = 1;

    public int ReadPercent { get; init; }

    /// <summary>Watchers, or leases.</summary>
    public int Watchers { get; init; }
}
