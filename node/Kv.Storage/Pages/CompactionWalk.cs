namespace Kv.Storage.Pages;

/// <summary>Walks the tree as committed in key order and picks up pages that lie in a zone of the file, or that are
/// thinly filled: unpacked into nodes, they go elsewhere when the transaction commits, and with them, as in any change,
/// the way from the root. The walk sees from branch elements where their children lie, so it reads few pages that it
/// does not move; it stops when it has moved or read enough, and says where to go on.</summary>
internal sealed class CompactionWalk(
    WriteTransaction transaction,
    CompactionZone zone,
    int pagesMax,
    HashSet<byte[]> nesting)
{
    private const int ReadsPerMove = 4;
    private const double FillPercent = 0.9;

    // Leaves are packed anew if that saves one in this many.
    private const int SavedPart = 4;

    // Where to go on: a key of the root, which names a bucket if there is a second, which is a key of that bucket ...
    private List<byte[]> _resume = [];
    private byte[] _topLevel = [];
    private int _reads;

    public int MovedPages { get; private set; }

    /// <summary>Pages of the longest run in the zone that no free run had room for; 0 if all had.</summary>
    public int LongestStuck { get; private set; }

    public long StuckPages { get; private set; }

    /// <summary>Where the next walk is to go on; null if all was walked.</summary>
    public List<byte[]>? Run(List<byte[]> resume)
    {
        _resume = resume;
        var meta = transaction.State.Meta;
        bool isDone = WalkTree(transaction.Root, BucketHeader.At(meta.Root, meta.Sequence), level: 0, hasBuckets: true);
        return isDone ? null : _resume;
    }

    private bool WalkTree(WriteBucket bucket, BucketHeader header, int level, bool hasBuckets)
    {
        var root = transaction.State.GetPage(header.Root);
        int height = 0;
        for (var page = root; !page.IsLeaf && height < PageLayout.DepthMax; height++)
            page = transaction.State.GetPage(page.Child(0));

        Consider(bucket.Tree, default, depth: 0, root.Id);
        return WalkPage(new Place(bucket, level, height, hasBuckets), root, depth: 0);
    }

    private bool WalkPage(in Place place, Page page, int depth)
    {
        _reads++;
        if (page.IsLeaf)
            return WalkLeaf(place, page);

        bool isAboveLeaves = depth + 1 == place.Height;
        if (isAboveLeaves && zone.Goal == CompactionGoal.Repack)
        {
            if (IsEnough(place.Level, page.BranchKey(0)))
            {
                SetResume(place.Level, page.BranchKey(0));
                return false;
            }

            Repack(place.Bucket, page, depth + 1);
        }

        for (int index = page.SearchBranch(ResumeKey(place.Level)); index < page.Count; index++)
        {
            var key = page.BranchKey(index);
            if (isAboveLeaves && zone.Goal != CompactionGoal.Repack && IsEnough(place.Level, key))
            {
                SetResume(place.Level, key);
                return false;
            }

            var child = page.Child(index);
            Consider(place.Bucket.Tree, key, depth + 1, child);
            if (isAboveLeaves && !place.HasBuckets)
                continue;
            if (!WalkPage(place, transaction.State.GetPage(child), depth + 1))
                return false;
        }

        return true;
    }

    private bool WalkLeaf(in Place place, Page leaf)
    {
        if (!place.HasBuckets)
            return true;

        int level = place.Level;
        for (int index = leaf.SearchLeaf(ResumeKey(level), out _); index < leaf.Count; index++)
        {
            if (!leaf.IsBucket(index))
                continue;

            var name = leaf.LeafKey(index);
            if (!name.SequenceEqual(ResumeKey(level)))
                ForgetBelow(level);
            var header = BucketHeader.Parse(transaction.State, leaf.Id, leaf.LeafValue(index));
            if (header.IsInline || !place.Bucket.TryOpenBucket(name, out var bucket))
                continue;

            if (!WalkTree(bucket, header, level + 1, MayHaveBuckets(level, name)))
            {
                SetResume(level, name);
                return false;
            }

            ForgetBelow(level);
        }

        return true;
    }

    /// <summary>The first round looks into each leaf, and so learns which of the top-level buckets have buckets in
    /// them. One that gets its first meanwhile is none to care about: its pages are new, and so as low as can
    /// be.</summary>
    private bool MayHaveBuckets(int level, ReadOnlySpan<byte> name)
    {
        if (level == 0)
            _topLevel = name.ToArray();
        else
            nesting.Add(_topLevel);
        return level > 0 || zone.Goal == CompactionGoal.Repack || nesting.Contains(_topLevel);
    }

    private void Consider(WriteTree tree, ReadOnlySpan<byte> key, int depth, PageId id)
    {
        if (!zone.Contains(id))
            return;

        int count = transaction.State.GetPage(id).PageCount;
        _reads++;
        if (count < zone.RunMin)
            return;
        if (!TryChooseDestination(count, out var destination))
        {
            LongestStuck = Math.Max(LongestStuck, count);
            StuckPages += count;
            return;
        }

        var node = tree.Unpack(key, depth);
        if (node.Page != id)
            transaction.State.ThrowCorrupt(id, "the keys above it do not lead to it");
        node.Destination = destination;
        MovedPages += count;
    }

    /// <summary>Marks leaves below <paramref name="branch"/>, in each stretch of such as are one page, to be joined and
    /// cut anew, if they hold so little that it pays.</summary>
    private void Repack(WriteBucket bucket, Page branch, int depth)
    {
        int first = 0;
        ulong bytes = 0;
        for (int index = 0; index <= branch.Count; index++)
        {
            var leaf = index < branch.Count ? transaction.State.GetPage(branch.Child(index)) : default;
            if (index < branch.Count && leaf.IsLeaf && leaf.PageCount == 1)
            {
                bytes += leaf.FilledBytes();
                continue;
            }

            RepackLeaves(bucket, branch, depth, first..index, bytes);
            first = index + 1;
            bytes = 0;
        }

        _reads += branch.Count;
    }

    private void RepackLeaves(WriteBucket bucket, Page branch, int depth, Range leaves, ulong bytes)
    {
        (int first, int count) = leaves.GetOffsetAndLength(branch.Count);
        int needed = (int)(bytes / (transaction.PageSize * FillPercent)) + 1;
        if (needed > count - Math.Max(1, count / SavedPart))
            return;

        bucket.FillPercent = FillPercent;
        for (int index = first; index < first + count; index++)
            bucket.Tree.Unpack(branch.BranchKey(index), depth).IsToJoin = index > first;
        MovedPages += count;
    }

    private bool TryChooseDestination(int count, out PageId destination)
    {
        if (zone.Goal == CompactionGoal.ClearEnd)
            return transaction.TryAllocate(count, limit: zone.From, out destination);

        // To the end of the file if there is no other room: what is cleared here will take more than that.
        destination = transaction.Allocate(count);
        return true;
    }

    // Never before the place where this walk began, nor there: it might not get on.
    private bool IsEnough(int level, ReadOnlySpan<byte> key) =>
        (MovedPages >= pagesMax || _reads >= ReadsPerMove * pagesMax)
        && (level >= _resume.Count || key.SequenceCompareTo(_resume[level]) > 0);

    private ReadOnlySpan<byte> ResumeKey(int level) => level < _resume.Count ? _resume[level] : default;

    private void SetResume(int level, ReadOnlySpan<byte> key)
    {
        while (_resume.Count <= level)
            _resume.Add([]);
        _resume[level] = key.ToArray();
    }

    private void ForgetBelow(int level)
    {
        if (_resume.Count > level + 1)
            _resume.RemoveRange(level + 1, _resume.Count - level - 1);
    }

    private readonly record struct Place(WriteBucket Bucket, int Level, int Height, bool HasBuckets);
}
