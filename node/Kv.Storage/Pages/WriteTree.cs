using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>The tree of one bucket inside a write transaction. A change unpacks the pages from the root to its leaf
/// into nodes and is made there; pages are made of nodes only at commit. The leaf of the last change is remembered with
/// the bounds of its keys: changes in ascending order, above all appends at the end, find their leaf without a
/// descent.</summary>
internal sealed unsafe class WriteTree
{
    private readonly WriteTransaction _transaction;
    private readonly BucketHeader _header;
    private Node? _root; // null while nothing has changed
    private Finger _finger;

    public WriteTree(WriteTransaction transaction, BucketHeader header)
    {
        _transaction = transaction;
        _header = header;
    }

    /// <summary>As committed; 0 if the bucket is inline.</summary>
    public PageId RootPage => _header.Root;

    public bool IsInline => _header.IsInline;

    public bool HasChanged => _root is not null;

    public bool TryFind(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value, out bool isBucket)
    {
        if (_root is { } node)
        {
            while (!node.IsLeaf)
            {
                int child = node.SearchBranch(key);
                if (node.Child(child) is not { } below)
                    return TryFind(_transaction.State.GetPage(node[child].ChildPage), key, out value, out isBucket);
                node = below;
            }

            int index = node.SearchLeaf(key, out bool isExact);
            value = isExact ? node[index].Value : default;
            isBucket = isExact && node[index].IsBucket;
            return isExact;
        }

        return TryFind(CommittedRoot(), key, out value, out isBucket);
    }

    public void Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isBucket)
    {
        byte* memory = _transaction.Memory.Copy(key, value);
        var item = new NodeItem(memory, key.Length, value.Length, isBucket ? BucketFlag : 0);
        if (_finger.IsBeyondLast(key))
        {
            _finger.Leaf!.Add(item, child: null);
            return;
        }

        var leaf = Reach(key);
        int index = leaf.SearchLeaf(key, out bool isExact);
        if (!isExact)
        {
            leaf.Insert(index, item);
            return;
        }

        Invariant.Require(leaf[index].IsBucket == isBucket);
        leaf.Replace(index, item);
    }

    public bool Remove(ReadOnlySpan<byte> key, bool isBucket)
    {
        // Nothing is unpacked for a key that is not there.
        if (!_finger.Covers(key) && !TryFind(key, out _, out _))
            return false;

        var leaf = Reach(key);
        int index = leaf.SearchLeaf(key, out bool isExact);
        if (!isExact || leaf[index].IsBucket != isBucket)
            return false;

        leaf.RemoveAt(index);
        return true;
    }

    /// <summary>Unpacks the way to the leaf where <paramref name="key"/> belongs.</summary>
    public Node Reach(ReadOnlySpan<byte> key)
    {
        if (_finger.Covers(key))
            return _finger.Leaf!;

        var node = Root();
        var finger = default(Finger);
        for (int depth = 0; !node.IsLeaf; depth++)
        {
            if (depth == DepthMax)
                _transaction.State.ThrowCorrupt(node.Page, "the tree goes round in a circle");

            int index = node.SearchBranch(key);
            if (index > 0)
                finger.SetLow(node[index]);
            if (index + 1 < node.Count)
                finger.SetHigh(node[index + 1]);
            node = _transaction.LoadChild(node, index);
        }

        finger.Leaf = node;
        _finger = finger;
        return node;
    }

    /// <summary>Unpacks the node <paramref name="depth"/> steps below the root on the way to <paramref name="key"/>,
    /// which makes it, and those above it, go to other pages.</summary>
    public Node Unpack(ReadOnlySpan<byte> key, int depth)
    {
        var node = Root();
        for (int step = 0; step < depth; step++)
            node = _transaction.LoadChild(node, node.SearchBranch(key));
        return node;
    }

    /// <summary>Unpacks the root if it still has to be.</summary>
    public Node Root() => _root ??= _transaction.Load(CommittedRoot(), isInline: IsInline);

    /// <summary>Joins nodes that became too small. Must come before <see cref="Spill"/>.</summary>
    public void Rebalance()
    {
        _transaction.Observer?.OnRebalancing();
        _finger = default;
        _root = new TreeSpill(_transaction, fillPercent: 1).Rebalance(Root());
        _transaction.Observer?.OnRebalanced();
    }

    /// <summary>Makes pages of all nodes and returns the root's.</summary>
    public PageId Spill(double fillPercent) => new TreeSpill(_transaction, fillPercent).Spill(Root());

    /// <summary>Frees all pages; <paramref name="onBucket"/> is told of each bucket found in the tree.</summary>
    public void Free(FoundBucket onBucket)
    {
        if (_root is not null)
            Free(_root, onBucket);
        else
            Free(CommittedRoot(), isInline: IsInline, onBucket, depth: 0);
    }

    private void Free(Node node, FoundBucket onBucket)
    {
        _transaction.Free(node);
        for (int index = 0; index < node.Count; index++)
        {
            if (node.IsLeaf)
            {
                if (node[index].IsBucket)
                    onBucket(node[index].Key, node[index].Value);
            }
            else if (node.Child(index) is { } child)
            {
                Free(child, onBucket);
            }
            else
            {
                Free(_transaction.State.GetPage(node[index].ChildPage), isInline: false, onBucket, depth: 0);
            }
        }
    }

    private void Free(Page page, bool isInline, FoundBucket onBucket, int depth)
    {
        if (depth > DepthMax)
            _transaction.State.ThrowCorrupt(page.Id, "the tree goes round in a circle");
        if (!isInline)
            _transaction.Free(page.Id, page.PageCount);

        for (int index = 0; index < page.Count; index++)
        {
            if (!page.IsLeaf)
                Free(_transaction.State.GetPage(page.Child(index)), isInline: false, onBucket, depth + 1);
            else if (page.IsBucket(index))
                onBucket(page.LeafKey(index), page.LeafValue(index));
        }
    }

    private bool TryFind(Page page, ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value, out bool isBucket)
    {
        var state = _transaction.State;
        for (int depth = 0; !page.IsLeaf; depth++)
        {
            if (depth == DepthMax)
                state.ThrowCorrupt(page.Id, "the tree goes round in a circle");
            page = state.GetPage(page.Child(page.SearchBranch(key)));
        }

        int index = page.SearchLeaf(key, out bool isExact);
        value = isExact ? page.LeafValue(index) : default;
        isBucket = isExact && page.IsBucket(index);
        return isExact;
    }

    private Page CommittedRoot() => _header.RootPage(_transaction.State);

    public delegate void FoundBucket(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}
