using System.Buffers.Binary;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>A leaf or branch that a write transaction changes: the elements of its page, unpacked into an array so that
/// more can be put between them. Keys and values stay where they are, in the mapped page or in the transaction's
/// <see cref="Arena"/>; only an element that changes is written anew. A node may hold any number of elements, or none,
/// until it is made into pages again at commit. A node is always part of what will be written: nothing is unpacked
/// only to be read, and its parents are nodes too.</summary>
internal sealed class Node
{
    private const int ItemsMin = 32;

    private NodeItem[] _items = new NodeItem[ItemsMin];
    private Node?[] _children = [];

    public bool IsLeaf { get; private set; }

    /// <summary>Where it was read from, and how many pages that is; none if it is new.</summary>
    public PageId Page { get; private set; }

    public int PageCount { get; private set; }

    public int Count { get; private set; }

    /// <summary>What it would take as one page.</summary>
    public long Bytes { get; private set; }

    /// <summary>Where it is to go, if that is chosen already: as many pages as it has now.</summary>
    public PageId? Destination { get; set; }

    /// <summary>Whether it is to be joined with the one before it, whatever its size.</summary>
    public bool IsToJoin { get; set; }

    /// <summary>Whether something was taken out, so that it may have become too small.</summary>
    public bool HasShrunk { get; set; }

    public int Capacity => _items.Length;

    public ref readonly NodeItem this[int index] => ref _items[index];

    public ReadOnlySpan<NodeItem> Items => new(_items, 0, Count);

    public void StartEmpty(bool isLeaf)
    {
        IsLeaf = isLeaf;
        Page = default;
        PageCount = 0;
        Count = 0;
        Bytes = HeaderBytes;
        HasShrunk = false;
        Destination = null;
        IsToJoin = false;
    }

    /// <summary>Unpacks <paramref name="page"/>; an inline bucket's has no pages of its own.</summary>
    public void Load(Page page, bool isInline)
    {
        StartEmpty(page.IsLeaf);
        if (!isInline)
        {
            Page = page.Id;
            PageCount = page.PageCount;
        }

        int count = page.Count;
        Reserve(count);
        for (int index = 0; index < count; index++)
            Add(IsLeaf ? NodeItem.OfLeaf(page, index) : NodeItem.OfBranch(page, index), child: null);
    }

    public Node? Child(int index) => _children[index];

    public void SetChild(int index, Node child) => _children[index] = child;

    public void Add(in NodeItem item, Node? child)
    {
        if (Count == _items.Length || (!IsLeaf && Count == _children.Length))
            Reserve(Count + 1);
        _items[Count] = item;
        if (!IsLeaf)
            _children[Count] = child;
        Count++;
        Bytes += ElementBytes + item.Bytes;
    }

    /// <summary>Of a leaf.</summary>
    public void Insert(int index, in NodeItem item)
    {
        if (index < Count)
        {
            Reserve(Count + 1);
            Array.Copy(_items, index, _items, index + 1, Count - index);
        }
        else
        {
            Reserve(Count + 1);
        }

        _items[index] = item;
        Count++;
        Bytes += ElementBytes + item.Bytes;
    }

    public void Replace(int index, in NodeItem item)
    {
        Bytes += item.Bytes - _items[index].Bytes;
        _items[index] = item;
    }

    public void RemoveAt(int index)
    {
        Bytes -= ElementBytes + _items[index].Bytes;
        Count--;
        Array.Copy(_items, index + 1, _items, index, Count - index);
        if (!IsLeaf)
        {
            Array.Copy(_children, index + 1, _children, index, Count - index);
            _children[Count] = null;
        }

        HasShrunk = true;
    }

    public void Append(Node other)
    {
        Invariant.Require(IsLeaf == other.IsLeaf);
        Reserve(Count + other.Count);
        for (int index = 0; index < other.Count; index++)
            Add(other._items[index], other.IsLeaf ? null : other._children[index]);
    }

    /// <summary>Drops its references to other nodes, so that it can be reused.</summary>
    public void Clear()
    {
        Array.Clear(_children);
        Count = 0;
    }

    /// <summary>The first element not below <paramref name="key"/>.</summary>
    public int SearchLeaf(ReadOnlySpan<byte> key, out bool isExact)
    {
        int low = 0;
        int high = Count;
        isExact = false;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            int order = _items[middle].Key.SequenceCompareTo(key);
            if (order == 0)
            {
                isExact = true;
                return middle;
            }

            if (order < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>The last child whose first key is not above <paramref name="key"/>, or the first child.</summary>
    public int SearchBranch(ReadOnlySpan<byte> key)
    {
        int low = 0;
        int high = Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (_items[middle].Key.SequenceCompareTo(key) <= 0)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    /// <summary>Writes elements <paramref name="from"/> to <paramref name="to"/> as a page with the given header over
    /// all of <paramref name="page"/>.</summary>
    public void Save(Span<byte> page, int from, int to, PageId id, int overflow)
    {
        int count = to - from;
        BinaryPrimitives.WriteUInt64LittleEndian(page, id.Value);
        BinaryPrimitives.WriteUInt16LittleEndian(page[FlagsOffset..], IsLeaf ? LeafFlag : BranchFlag);
        BinaryPrimitives.WriteUInt16LittleEndian(page[CountOffset..], checked((ushort)count));
        BinaryPrimitives.WriteUInt32LittleEndian(page[OverflowOffset..], (uint)overflow);

        int element = HeaderBytes;
        int free = HeaderBytes + (count * ElementBytes);
        foreach (ref readonly var item in new ReadOnlySpan<NodeItem>(_items, from, count))
        {
            item.SaveElement(page.Slice(element, ElementBytes), free - element, IsLeaf);
            item.KeyAndValue.CopyTo(page[free..]);
            element += ElementBytes;
            free += item.Bytes;
        }

        page[free..].Clear(); // the memory is reused, and what it held must not reach the disk
    }

    private void Reserve(int count)
    {
        if (_items.Length < count)
            Array.Resize(ref _items, Math.Max(count, _items.Length * 2));
        if (!IsLeaf && _children.Length < _items.Length)
            Array.Resize(ref _children, _items.Length);
    }
}
