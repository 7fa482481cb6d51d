namespace Kv.Server.Upkeep;

/// <summary>Remembers which revision the store had at regular moments, as far back as history is to be kept: what
/// was current that long ago is what may be given up now.</summary>
public sealed class RevisionHistory(TimeSpan retention)
{
    private const int SamplesPerPeriod = 10;

    private static readonly TimeSpan LongestPeriod = TimeSpan.FromHours(1);

    private readonly Queue<long> _samples = new();

    public TimeSpan Retention => retention;

    /// <summary>How often to sample: ten times in the retention, but at least ten times an hour.</summary>
    public TimeSpan Interval { get; } =
        (retention < LongestPeriod ? retention : LongestPeriod) / SamplesPerPeriod;

    private int SamplesMax => (int)(retention / Interval);

    /// <summary>Takes a sample; returns the revision to compact to, or 0 while the node has not run long
    /// enough.</summary>
    public long Sample(long revision)
    {
        _samples.Enqueue(revision);
        return _samples.Count > SamplesMax ? _samples.Dequeue() : 0;
    }
}
