using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>A bucket as a read transaction sees it: ordered keys with values, or with buckets. Valid, as are all spans
/// that come from it, until that transaction is disposed; may be used by several threads.</summary>
public readonly struct Bucket
{
    private readonly ReadTransaction _transaction;
    private readonly BucketHeader _header;

    internal Bucket(ReadTransaction transaction, BucketHeader header)
    {
        _transaction = transaction;
        _header = header;
    }

    /// <summary>A number kept with the bucket for its owner's use.</summary>
    public ulong Sequence => _header.Sequence;

    internal CommittedState State => _transaction.State;

    /// <summary>The value of <paramref name="key"/>; false if there is none, or a bucket.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        var leaf = FindLeaf(key);
        int index = leaf.SearchLeaf(key, out bool isExact);
        if (!isExact || leaf.IsBucket(index))
        {
            value = default;
            return false;
        }

        value = leaf.LeafValue(index);
        return true;
    }

    /// <summary>The same for keys asked for in ascending order, or nearly: the one right after the last is found
    /// without a search.</summary>
    public bool TryGet(scoped ReadOnlySpan<byte> key, ref BucketFinger finger, out ReadOnlySpan<byte> value)
    {
        if (!finger.TryStepTo(key))
        {
            Page leaf = FindLeaf(key);
            int index = leaf.SearchLeaf(key, out bool isExact);
            if (!isExact || leaf.IsBucket(index))
            {
                value = default;
                return false;
            }

            finger = new BucketFinger(leaf, index);
        }

        value = finger.Value;
        return true;
    }

    public bool TryOpenBucket(ReadOnlySpan<byte> name, out Bucket bucket)
    {
        var leaf = FindLeaf(name);
        int index = leaf.SearchLeaf(name, out bool isExact);
        if (!isExact || !leaf.IsBucket(index))
        {
            bucket = default;
            return false;
        }

        bucket = Open(leaf, index);
        return true;
    }

    /// <summary>A cursor that stands nowhere yet.</summary>
    public Cursor OpenCursor() => new(this);

    internal Page RootPage() => _header.RootPage(State);

    internal Bucket Open(Page leaf, int index) =>
        new(_transaction, BucketHeader.Parse(State, leaf.Id, leaf.LeafValue(index)));

    private Page FindLeaf(ReadOnlySpan<byte> key)
    {
        var page = RootPage();
        for (int depth = 0; !page.IsLeaf; depth++)
        {
            if (depth == DepthMax)
                State.ThrowCorrupt(page.Id, "the tree goes round in a circle");
            page = State.GetPage(page.Child(page.SearchBranch(key)));
        }

        return page;
    }
}
