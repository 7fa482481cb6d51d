using Kv.Storage;

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
        for (int index = batches.Length - 1; index >= 0; index--)
        {
            if (batches[index].TryFind(revision, out PendingBytes place))
                return new ValueSlice(index, place);
        }

        Span<byte> key = stackalloc byte[Revision.EncodedBytes];
        revision.Encode(key, isDelete: false);
        if (!pages.Keys.TryGet(key, out ReadOnlySpan<byte> value))
            CorruptDataException.Throw("page file, bucket key", $"no row for revision {revision}, which the index has");
        return new ValueSlice(value);
    }

    public ReadOnlySpan<byte> Read(ValueSlice slice) =>
        slice.IsInPages ? slice.Mapped : batches[slice.Batch].Arena.Span(slice.Place);

    /// <summary>The bytes as memory that may be kept: as it is if it lies in a batch, else copied.</summary>
    public ReadOnlyMemory<byte> Keep(ValueSlice slice) =>
        slice.IsInPages ? slice.Mapped.ToArray() : batches[slice.Batch].Arena.Memory(slice.Place);
}
