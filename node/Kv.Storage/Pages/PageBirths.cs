namespace Kv.Storage.Pages;

/// <summary>Which transaction made each page, as far as that was since the file was opened: four bytes for a page of a
/// few thousand. Without it a page that came and went while an old reader slept could not be told from one that the
/// reader needs.</summary>
internal sealed class PageBirths(ulong firstTransaction)
{
    private const int PagesPerChunk = 4096;

    private uint[]?[] _chunks = [];

    /// <summary>0 if it was made before the file was opened.</summary>
    public ulong Get(PageId page)
    {
        ulong chunk = page.Value / PagesPerChunk;
        uint since = chunk < (ulong)_chunks.Length && _chunks[chunk] is { } known
            ? known[page.Value % PagesPerChunk]
            : 0;
        return since == 0 ? 0 : firstTransaction + since;
    }

    public void Set(PageId page, ulong transaction)
    {
        Invariant.Require(transaction > firstTransaction);
        int chunk = checked((int)(page.Value / PagesPerChunk));
        if (chunk >= _chunks.Length)
            Array.Resize(ref _chunks, Math.Max(chunk + 1, _chunks.Length * 2));

        // An older birth is the safe side to err on, should there ever be so many transactions.
        uint since = (uint)Math.Min(transaction - firstTransaction, uint.MaxValue);
        (_chunks[chunk] ??= new uint[PagesPerChunk])[page.Value % PagesPerChunk] = since;
    }
}
