namespace Kv.Storage.Pages;

/// <summary>What <see cref="PageFile.Verify"/> found. Pages are counted with all that belong to them.</summary>
public sealed record VerifyReport(
    IReadOnlyList<PageFault> Faults,
    long PageCount,
    long FreePageCount,
    long BucketCount,
    long KeyCount)
{
    public bool IsClean => Faults.Count == 0;
}

/// <summary>Something wrong with a page, or with the pages from <paramref name="Page"/> on.</summary>
public readonly record struct PageFault(PageId Page, string Finding)
{
    public override string ToString() => $"page {Page}: {Finding}";
}
