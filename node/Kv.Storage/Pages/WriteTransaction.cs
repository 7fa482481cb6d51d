using System.Diagnostics.CodeAnalysis;

namespace Kv.Storage.Pages;

/// <summary>The one transaction that may change the file. It works in memory on what the last commit left, and writes
/// only to pages that no tree on the disk can reach; then one meta page makes it all true at once. Disposed without
/// <see cref="Commit"/>, it leaves nothing behind.</summary>
public sealed class WriteTransaction : IDisposable
{
    private readonly PageFile _file;
    private readonly WriteMemory _memory;
    private readonly List<FreedRun> _freed = [];
    private readonly List<(PageId Start, int Count)> _taken = [];

    internal WriteTransaction(PageFile file, CommittedState state, ulong id, WriteMemory memory)
    {
        _file = file;
        _memory = memory;
        State = state;
        Id = id;
        HighWater = state.Meta.HighWater;
        Root = new WriteBucket(this, BucketHeader.At(state.Meta.Root, state.Meta.Sequence));
    }

    public ulong Id { get; }

    /// <summary>The bucket that holds the top-level buckets.</summary>
    public WriteBucket Root { get; }

    /// <summary>What the last commit left, on which this one builds.</summary>
    internal CommittedState State { get; }

    internal Arena Memory => _memory.Keys;

    internal PageWriter Writer => _memory.Pages;

    internal int PageSize => State.Meta.PageSize;

    internal bool IsEnded { get; private set; }

    /// <summary>With what was allocated here at the end of the file.</summary>
    internal ulong HighWater { get; set; }

    /// <summary>Whether free pages at the end are given up at commit.</summary>
    internal bool IsCompacting { get; init; }

    internal ICommitObserver? Observer { get; init; }

    internal PagePool Pool => _file.Pool;

    /// <summary>Pages that the committed tree has and this one will not have.</summary>
    internal IReadOnlyList<FreedRun> Freed => _freed;

    /// <summary>Free pages that this transaction took to write to.</summary>
    internal IReadOnlyList<(PageId Start, int Count)> Taken => _taken;

    public WriteBucket CreateBucketIfMissing(ReadOnlySpan<byte> name) => Root.CreateBucketIfMissing(name);

    public bool TryOpenBucket(ReadOnlySpan<byte> name, [NotNullWhen(true)] out WriteBucket? bucket) =>
        Root.TryOpenBucket(name, out bucket);

    public bool DeleteBucket(ReadOnlySpan<byte> name) => Root.DeleteBucket(name);

    /// <summary>Returns when all of it would survive a loss of power. A failure is final for the whole file: what the
    /// disk then holds is known only after opening it anew.</summary>
    public void Commit()
    {
        Invariant.Require(!IsEnded);
        Observer?.OnCommitting();
        var root = Root.Spill();
        IsEnded = true;
        if (IsCompacting)
            HighWater = _file.Pool.Free.TrimEnd(HighWater);
        Observer?.OnLaidOut();
        _file.Commit(this, root);
        Observer?.OnCommitted();
        _memory.Reset();
    }

    public void Dispose()
    {
        if (IsEnded)
            return;

        IsEnded = true;
        _file.RollBack(this);
        _memory.Reset();
    }

    internal PageId Allocate(int count)
    {
        if (TryAllocate(count, limit: HighWater, out var start))
            return start;

        start = new PageId(HighWater);
        HighWater += (ulong)count;
        _file.Pool.NoteBirth(start, Id);
        return start;
    }

    /// <summary>Takes free pages that end at or below <paramref name="limit"/>.</summary>
    internal bool TryAllocate(int count, ulong limit, out PageId start)
    {
        if (!_file.Pool.TryTake(count, limit, Id, out start))
            return false;
        _taken.Add((start, count));
        return true;
    }

    /// <summary>Of pages that were allocated and, while committing, found not to be needed.</summary>
    internal void GiveBack(PageId start, int count) => _file.Pool.Free.Add(start, count);

    internal void Free(PageId start, int count) => _freed.Add(_file.Pool.ToFreedRun(start, count));

    internal void Free(Node node)
    {
        if (node.PageCount > 0)
            Free(node.Page, node.PageCount);
    }

    internal Node TakeNode(bool isLeaf)
    {
        var node = _memory.TakeNode();
        node.StartEmpty(isLeaf);
        return node;
    }

    internal Node Load(Page page, bool isInline)
    {
        var node = _memory.TakeNode();
        node.Load(page, isInline);
        return node;
    }

    /// <summary>The child of a branch as a node.</summary>
    internal Node LoadChild(Node branch, int index)
    {
        var child = branch.Child(index);
        if (child is null)
        {
            child = Load(State.GetPage(branch[index].ChildPage), isInline: false);
            branch.SetChild(index, child);
        }

        return child;
    }
}
