using Kv.Storage;
using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>What can be read at one moment: a read transaction of the page file, and the batches that it does not show,
/// oldest first. Together they hold every row that has been applied and not been compacted; the last batch goes on
/// growing while the view is held. Replaced when a batch is sealed and when one has been committed.</summary>
internal sealed class StoreView(PinnedPages pages, PendingBatch[] batches)
{
    public PinnedPages Pages => pages;

    public ReadOnlySpan<PendingBatch> Batches => batches;

    public PendingBatch Active => batches[^1];

    /// <summary>Finds the KeyValue that a put made, which the index says is there.</summary>
    public ValueSlice Find(Revision revision)
    {
        var finger = default(BucketFinger);
        return Find(revision, ref finger);
    }

    /// <summary>The same for many rows; those that were written one after another are found fastest.</summary>
    public ValueSlice Find(Revision revision, ref BucketFinger finger)
    {
        for (int index = batches.Length - 1; index >= 0; index--)
        {
            if (batches[index].TryFind(revision, out PendingBytes place))
                return new ValueSlice(index, place);
        }

        Span<byte> key = stackalloc byte[Revision.EncodedBytes];
        revision.Encode(key, isDelete: false);
        if (!pages.Keys.TryGet(key, ref finger, out ReadOnlySpan<byte> value))
            throw Damage(key, $"there is no row for revision {revision}, which the index has");
        return new ValueSlice(value);
    }

    /// <summary>What to throw about a row of the key space that nobody can have written.</summary>
    public CorruptDataException Damage(ReadOnlySpan<byte> key, string finding) =>
        DamagedRow.Of(pages.Read.Path, StoreBucket.Key, key, finding);

    /// <summary>The same of a row known by its revision.</summary>
    public CorruptDataException Damage(Revision revision, bool isDelete, string finding)
    {
        Span<byte> key = stackalloc byte[Revision.DeletionBytes];
        int length = revision.Encode(key, isDelete);
        return Damage(key[..length], finding);
    }

    public ReadOnlySpan<byte> Read(ValueSlice slice) =>
        slice.IsInPages ? slice.Mapped : batches[slice.Batch].Arena.Span(slice.Place);

    /// <summary>The bytes as memory that may be kept: as it is if it lies in a batch, else copied.</summary>
    public ReadOnlyMemory<byte> Keep(ValueSlice slice) =>
        slice.IsInPages ? slice.Mapped.ToArray() : batches[slice.Batch].Arena.Memory(slice.Place);
}
