namespace Kv.Storage.Pages;

/// <summary>Turns the nodes of one tree into pages, from the leaves up: small nodes are joined with a neighbour, large
/// ones cut into page-sized parts, and each parent learns the pages and first keys of its children's parts. All of them
/// go to new places, so that the committed tree stays whole.</summary>
internal readonly struct TreeSpill(WriteTransaction transaction, double fillPercent)
{
    private const double FillPercentMin = 0.1;

    // A branch of one child is a detour, and a node that is cut must leave as many on both sides.
    private const int BranchItemsMin = 2;
    private const int LeafItemsMin = 1;
    private const int PartItemsMin = 2;

    private int PageSize => transaction.PageSize;

    /// <summary>Joins what has become too small with a neighbour, and returns the root: a branch that is left with one
    /// child gives way to it.</summary>
    public Node Rebalance(Node root)
    {
        RebalanceChildren(root);
        while (!root.IsLeaf && root.Count == 1)
        {
            var child = transaction.LoadChild(root, 0);
            transaction.Free(root);
            root = child;
        }

        if (root.IsLeaf || root.Count > 0)
            return root;

        transaction.Free(root);
        return transaction.TakeNode(isLeaf: true);
    }

    public PageId Spill(Node root)
    {
        var parts = transaction.TakeNode(isLeaf: false);
        SpillInto(root, parts);
        while (parts.Count > 1)
        {
            var above = transaction.TakeNode(isLeaf: false);
            WriteParts(parts, above);
            parts = above;
        }

        return parts[0].ChildPage;
    }

    private void RebalanceChildren(Node branch)
    {
        if (branch.IsLeaf)
            return;

        for (int index = 0; index < branch.Count; index++)
        {
            if (branch.Child(index) is { } child)
                RebalanceChildren(child);
        }

        int at = 0;
        while (at < branch.Count)
        {
            if (branch.Child(at) is not { } child || !IsTooSmall(child))
            {
                at++;
            }
            else if (child.Count == 0)
            {
                transaction.Free(child);
                branch.RemoveAt(at);
            }
            else if (branch.Count == 1)
            {
                break; // no neighbour: the branch itself is now too small
            }
            else
            {
                // What they make together may still be too small, or too large: that is for the next look, or the cut.
                at = Math.Max(at, 1);
                Join(branch, at - 1);
                at--;
            }
        }
    }

    private void Join(Node branch, int left)
    {
        var into = transaction.LoadChild(branch, left);
        var from = transaction.LoadChild(branch, left + 1);
        into.Append(from);
        into.HasShrunk = true;
        transaction.Free(from);
        branch.RemoveAt(left + 1);
    }

    private bool IsTooSmall(Node node)
    {
        int itemsMin = node.IsLeaf ? LeafItemsMin : BranchItemsMin;
        return node.IsToJoin || (node.HasShrunk && (node.Bytes <= PageSize / 4 || node.Count < itemsMin));
    }

    private void SpillInto(Node node, Node parent)
    {
        var source = node;
        if (!node.IsLeaf)
        {
            source = transaction.TakeNode(isLeaf: false);
            for (int index = 0; index < node.Count; index++)
            {
                if (node.Child(index) is { } child)
                    SpillInto(child, source);
                else
                    source.Add(node[index], child: null);
            }
        }

        transaction.Free(node);
        if (node.Destination is { } destination && PagesFor(source.Bytes) == node.PageCount)
            source.Destination = destination;
        else if (node.Destination is { } unused)
            transaction.GiveBack(unused, node.PageCount);
        WriteParts(source, parent);
    }

    private void WriteParts(Node node, Node parent)
    {
        int from = 0;
        long bytesLeft = node.Bytes;
        do
        {
            int to = Cut(node, from, bytesLeft, out long bytes);
            int pages = PagesFor(bytes);
            bool isWhole = from == 0 && to == node.Count;
            var id = isWhole && node.Destination is { } chosen ? chosen : transaction.Allocate(pages);
            node.Save(transaction.Writer.Add(id, pages), from, to, id, overflow: pages - 1);
            parent.Add(node.Count == 0 ? NodeItem.OfEmpty(id) : node[from].AsParentOf(id), child: null);
            bytesLeft -= bytes - PageLayout.HeaderBytes;
            from = to;
        }
        while (from < node.Count);
    }

    private int PagesFor(long bytes) => checked((int)((bytes + PageSize - 1) / PageSize));

    /// <summary>Where the part that begins at <paramref name="from"/> ends, and what it takes.</summary>
    private int Cut(Node node, int from, long bytesLeft, out long bytes)
    {
        bytes = bytesLeft;
        if (bytesLeft <= PageSize || node.Count - from <= 2 * PartItemsMin)
            return node.Count;

        long threshold = (long)(PageSize * Math.Clamp(fillPercent, FillPercentMin, 1));
        bytes = PageLayout.HeaderBytes;
        int to = from;
        while (to < node.Count - PartItemsMin)
        {
            int next = PageLayout.ElementBytes + node[to].Bytes;
            if (to - from >= PartItemsMin && bytes + next > threshold)
                break;
            bytes += next;
            to++;
        }

        return to;
    }
}
