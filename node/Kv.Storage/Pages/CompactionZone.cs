namespace Kv.Storage.Pages;

/// <summary>The pages that a round of compaction moves: those from <paramref name="From"/> up to
/// <paramref name="To"/> that begin runs of at least <paramref name="RunMin"/>.</summary>
internal readonly record struct CompactionZone(ulong From, ulong To, int RunMin)
{
    /// <summary>Whether it is the end of the file, which moves to before it; else it is a stretch within, which moves
    /// anywhere.</summary>
    public bool IsTail => To == ulong.MaxValue;

    public bool Contains(PageId page) => page.Value >= From && page.Value < To;

    public ulong DestinationLimit(ulong highWater) => IsTail ? From : highWater;
}
