using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>Finds the free pages of a file that does not list them: those that no tree reaches. Visits every page in
/// use and looks at every element, so whatever was damaged in the structure is found before the file is written
/// to.</summary>
internal sealed class FreePagesScan
{
    private readonly CommittedState _state;
    private readonly FreePages _free;

    private FreePagesScan(CommittedState state, FreePages free)
    {
        _state = state;
        _free = free;
    }

    public static void Run(CommittedState state, FreePages free)
    {
        free.Add(new PageId(FirstDataPage), checked((int)(state.Meta.HighWater - FirstDataPage)));
        new FreePagesScan(state, free).Visit(state.Meta.Root, depth: 0, nesting: 0);
    }

    private void Visit(PageId id, int depth, int nesting)
    {
        var page = _state.GetPage(id);
        if (depth > DepthMax || nesting > NestingMax)
            _state.ThrowCorrupt(id, "the tree goes round in a circle");
        if (!_free.TryTakeAt(id, page.PageCount))
            _state.ThrowCorrupt(id, "is in use in two places");

        if (page.IsLeaf)
        {
            VisitBuckets(page, nesting);
            return;
        }

        for (int index = 0; index < page.Count; index++)
        {
            page.BranchKey(index);
            Visit(page.Child(index), depth + 1, nesting);
        }
    }

    private void VisitBuckets(Page leaf, int nesting)
    {
        for (int index = 0; index < leaf.Count; index++)
        {
            leaf.LeafKey(index);
            var value = leaf.LeafValue(index);
            if (!leaf.IsBucket(index))
                continue;

            var header = BucketHeader.Parse(_state, leaf.Id, value);
            if (!header.IsInline)
                Visit(header.Root, depth: 0, nesting + 1);
        }
    }
}
