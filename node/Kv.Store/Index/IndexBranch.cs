namespace Kv.Store;

/// <summary>Children in order: child i holds the keys from separator i - 1 on, up to separator i.</summary>
internal sealed class IndexBranch : IndexNode
{
    public const int ChildrenMax = 128;

    private IndexNode[] _children;
    private int _count;

    public IndexBranch(IndexNode left, ReadOnlySpan<byte> separator, IndexNode right)
    {
        _children = [left, right];
        _count = 2;
        Keys.Insert(0, separator);
        Summarize();
    }

    private IndexBranch(PackedKeys separators, IndexNode[] children)
    {
        Keys = separators;
        _children = children;
        _count = children.Length;
        Summarize();
    }

    public ReadOnlySpan<IndexNode> Children => _children.AsSpan(0, _count);

    public bool IsOverfull => _count > ChildrenMax;

    public int IndexOf(ReadOnlySpan<byte> key) => Keys.Find(key, out int position) ? position + 1 : position;

    /// <summary>Adds the right half of a child that was cut in two.</summary>
    public void Insert(int left, ReadOnlySpan<byte> separator, IndexNode right)
    {
        Keys.Insert(left, separator);
        if (_count == _children.Length)
            Array.Resize(ref _children, _count + (_count >> 2) + 2);
        _children.AsSpan(left + 1, _count - left - 1).CopyTo(_children.AsSpan(left + 2));
        _children[left + 1] = right;
        _count++;
    }

    /// <summary>Drops a child that is empty; its keys, should they come again, belong to a neighbour.</summary>
    public void RemoveAt(int index)
    {
        if (_count > 1)
            Keys.RemoveAt(Math.Max(index - 1, 0));
        _children.AsSpan(index + 1, _count - index - 1).CopyTo(_children.AsSpan(index));
        _children[--_count] = null!;
    }

    public IndexBranch Split(out byte[] separator)
    {
        int cut = _count / 2;
        separator = Keys.ToArray(cut - 1);
        var right = new IndexBranch(Keys.Slice(cut, _count - 1), _children[cut.._count]);
        Keys = Keys.Slice(0, cut - 1);
        _children = _children[..cut];
        _count = cut;
        Summarize();
        return right;
    }

    private void Summarize()
    {
        Live = 0;
        NewestMain = 0;
        foreach (IndexNode child in Children)
        {
            Live += child.Live;
            NewestMain = Math.Max(NewestMain, child.NewestMain);
        }
    }
}
