namespace Kv.Storage.Pages;

/// <summary>What a round of compaction is to move: of the pages from <paramref name="From"/> up to
/// <paramref name="To"/>, those that begin runs of at least <paramref name="RunMin"/>.</summary>
internal readonly record struct CompactionZone(CompactionGoal Goal, ulong From, ulong To, int RunMin)
{
    public static CompactionZone Thin => new(CompactionGoal.Repack, From: 0, To: 0, RunMin: 0);

    public bool Contains(PageId page) => page.Value >= From && page.Value < To;

    public static CompactionZone End(ulong from, int runMin) =>
        new(CompactionGoal.ClearEnd, from, ulong.MaxValue, runMin);

    public static CompactionZone Stretch(PageId from, PageId to) =>
        new(CompactionGoal.ClearStretch, from.Value, to.Value, RunMin: 1);
}

internal enum CompactionGoal
{
    /// <summary>Joins leaves that deletes have left half empty.</summary>
    Repack,

    /// <summary>Moves what lies at the end of the file to before it.</summary>
    ClearEnd,

    /// <summary>Moves what lies in a stretch of the file to anywhere else.</summary>
    ClearStretch,
}
