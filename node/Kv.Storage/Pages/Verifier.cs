using System.Buffers.Binary;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>Looks for everything that can be wrong with a page file, and goes on after each finding. A sound file has
/// two meta pages, and each page after them is reached from the root exactly once, or is free; each page is what its
/// header says, its elements lie inside it in ascending order, and all keys below a branch element lie between that
/// element's key and the next's.</summary>
internal sealed class Verifier
{
    // A file in ruins needs no longer list.
    private const int FaultsMax = 1000;

    private readonly PageFile _file;
    private readonly CommittedState _state;
    private readonly Mark[] _marks;
    private readonly List<PageFault> _faults = [];
    private long _freeCount;
    private long _bucketCount;
    private long _keyCount;

    private Verifier(PageFile file, CommittedState state)
    {
        _file = file;
        _state = state;
        _marks = new Mark[checked((int)state.Meta.HighWater)];
    }

    private enum Mark : byte
    {
        Unknown,
        Free,
        Reached,
    }

    public static VerifyReport Run(PageFile file, CommittedState state, bool knowsFree)
    {
        var verifier = new Verifier(file, state);
        verifier.CheckMetaPages();
        verifier.CheckFreeList(knowsFree);
        verifier.CheckTree(state.Meta.Root, depth: 0, nesting: 0, KeyRange.All);
        if (knowsFree || state.Meta.FreeList != PageId.None)
            verifier.CheckLost();
        return new VerifyReport(
            verifier._faults,
            verifier._marks.Length,
            verifier._freeCount,
            verifier._bucketCount,
            verifier._keyCount);
    }

    private void CheckMetaPages()
    {
        byte[] page = new byte[Meta.Bytes];
        for (int slot = 0; slot < (int)FirstDataPage; slot++)
        {
            int count = _file.ReadRaw((long)slot * _state.Meta.PageSize, page);
            if (!Meta.TryRead(page.AsSpan(0, count), out var meta) || meta.PageSize != _state.Meta.PageSize)
                Report(new PageId((ulong)slot), "is not a valid meta page");
            else if (BinaryPrimitives.ReadUInt16LittleEndian(page.AsSpan(FlagsOffset)) != MetaFlag)
                Report(new PageId((ulong)slot), "does not say that it is a meta page");
        }
    }

    private void CheckFreeList(bool knowsFree)
    {
        var list = _state.Meta.FreeList;
        if (list != PageId.None)
        {
            Guard(list, () =>
            {
                Reach(list, StoredFreeList.PageCount(_state));
                StoredFreeList.Load(_state, knowsFree ? static (_, _) => { } : MarkFree);
            });
        }

        if (!knowsFree)
            return;

        foreach ((var start, int count) in _file.Pool.Free.Runs())
            MarkFree(start, count);
        foreach (var run in _file.Pool.States.SelectMany(state => state.LastSeenHere))
            MarkFree(run.Start, run.Count);
    }

    private void MarkFree(PageId start, int count)
    {
        for (ulong page = start.Value; page < start.Value + (ulong)count; page++)
        {
            if (page >= (ulong)_marks.Length)
                Report(new PageId(page), "is listed as free, beyond the high water mark");
            else if (_marks[page] != Mark.Unknown)
                Report(new PageId(page), "is listed as free twice");
            else
                _marks[page] = Mark.Free;
        }

        _freeCount += count;
    }

    private void CheckTree(PageId id, int depth, int nesting, KeyRange range)
    {
        if (!TryGetPage(id, out var page))
            return;
        if (depth > DepthMax || nesting > NestingMax)
        {
            Report(id, "the tree is too deep");
            return;
        }

        if (!Reach(id, page.PageCount))
            return;

        if (page.IsLeaf)
            CheckLeaf(page, id, nesting, range);
        else
            CheckBranch(page, id, depth, nesting, range);
    }

    private void CheckBranch(Page page, PageId id, int depth, int nesting, KeyRange range)
    {
        if (page.Count == 0)
            Report(id, "is a branch without children");
        CheckKeys(page, id, range);
        for (int index = 0; index < page.Count; index++)
        {
            var below = range;
            if (index > 0)
                below = below.From(KeyOrNone(page, index));
            if (index + 1 < page.Count)
                below = below.To(KeyOrNone(page, index + 1));
            CheckTree(page.Child(index), depth + 1, nesting, below);
        }
    }

    private void CheckLeaf(Page page, PageId id, int nesting, KeyRange range)
    {
        CheckKeys(page, id, range);
        for (int index = 0; index < page.Count; index++)
        {
            if (!page.IsBucket(index))
            {
                _keyCount++;
                continue;
            }

            _bucketCount++;
            int element = index;
            var header = default(BucketHeader);
            if (!Guard(id, () => header = BucketHeader.Parse(_state, id, page.LeafValue(element))))
                continue;
            if (header.IsInline)
                CheckLeaf(header.RootPage(_state), id, nesting + 1, KeyRange.All);
            else
                CheckTree(header.Root, depth: 0, nesting + 1, KeyRange.All);
        }
    }

    private void CheckKeys(Page page, PageId id, KeyRange range)
    {
        ReadOnlySpan<byte> before = default;
        for (int index = 0; index < page.Count; index++)
        {
            if (!TryGetKey(page, id, index, out var key))
                continue;

            if (key.IsEmpty)
                Report(id, $"the key of element {index} is empty");
            else if (index > 0 && before.SequenceCompareTo(key) >= 0)
                Report(id, $"element {index} is not in order: {Show(before)} stands before {Show(key)}");
            else if (!range.Contains(key))
                Report(id, $"element {index}, {Show(key)}, belongs under another branch");
            before = key;
        }
    }

    private bool TryGetKey(Page page, PageId id, int index, out ReadOnlySpan<byte> key)
    {
        key = default;
        try
        {
            key = page.IsLeaf ? page.LeafKey(index) : page.BranchKey(index);
            if (page.IsLeaf)
                page.LeafValue(index);
        }
        catch (CorruptDataException e)
        {
            Report(id, e.Finding);
            return false;
        }

        if (page.KeyOffset(index) < (ulong)(HeaderBytes + (page.Count * ElementBytes)))
            Report(id, $"element {index} points into the elements");
        if (page.IsLeaf && page.LeafFlags(index) is not (0 or BucketFlag))
            Report(id, $"element {index} has unknown flags {page.LeafFlags(index):x}");
        return true;
    }

    private static ReadOnlySpan<byte> KeyOrNone(Page page, int index)
    {
        try
        {
            return page.BranchKey(index);
        }
        catch (CorruptDataException)
        {
            return default; // reported by CheckKeys
        }
    }

    private bool TryGetPage(PageId id, out Page page)
    {
        try
        {
            page = _state.GetPage(id);
            return true;
        }
        catch (CorruptDataException e)
        {
            page = default;
            Report(id, e.Finding);
            return false;
        }
    }

    // False if it was reached before: what is below was looked at then, and may even contain this.
    private bool Reach(PageId start, int count)
    {
        bool isFirst = true;
        for (ulong page = start.Value; page < start.Value + (ulong)count; page++)
        {
            if (_marks[page] == Mark.Reached)
            {
                isFirst = false;
                Report(new PageId(page), "is reached in two ways");
            }
            else if (_marks[page] == Mark.Free)
            {
                Report(new PageId(page), "is in use, and listed as free");
            }

            _marks[page] = Mark.Reached;
        }

        return isFirst;
    }

    private void CheckLost()
    {
        for (int page = (int)FirstDataPage; page < _marks.Length; page++)
        {
            int start = page;
            while (page < _marks.Length && _marks[page] == Mark.Unknown)
                page++;
            if (page > start)
                Report(new PageId((ulong)start), $"is neither in use nor free, as are {page - start - 1} after it");
        }
    }

    private bool Guard(PageId page, Action look)
    {
        try
        {
            look();
            return true;
        }
        catch (CorruptDataException e)
        {
            Report(page, e.Finding);
            return false;
        }
    }

    private void Report(PageId page, string finding)
    {
        if (_faults.Count < FaultsMax)
            _faults.Add(new PageFault(page, finding));
    }

    private static string Show(ReadOnlySpan<byte> key) => Convert.ToHexString(key[..Math.Min(key.Length, 32)]);
}
