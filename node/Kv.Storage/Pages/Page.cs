using System.Runtime.CompilerServices;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>A leaf or branch page, read in place; an inline bucket's only page too. Whoever makes one has checked the
/// header and that the elements fit (<see cref="CommittedState.GetPage"/>, <see cref="BucketHeader"/>). What an element
/// points to is checked here, each time: that costs less than a look at every element when a page is first met, and
/// there is no page that was not looked at.</summary>
internal readonly unsafe struct Page
{
    private readonly CommittedState _state;
    private readonly byte* _start;
    private readonly ulong _bytes;

    public Page(CommittedState state, byte* start, ulong bytes)
    {
        _state = state;
        _start = start;
        _bytes = bytes;
    }

    public byte* Start => _start;

    public ulong Bytes => _bytes;

    public PageId Id => new(*(ulong*)_start);

    public int Count => *(ushort*)(_start + CountOffset);

    public bool IsLeaf => *(ushort*)(_start + FlagsOffset) == LeafFlag;

    /// <summary>Pages in all that belong to this one.</summary>
    public int PageCount => (int)*(uint*)(_start + OverflowOffset) + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> BranchKey(int index)
    {
        byte* element = Element(index);
        ulong begin = (ulong)(element - _start) + *(uint*)(element + BranchPosOffset);
        uint keyBytes = *(uint*)(element + BranchKeyBytesOffset);
        if (begin + keyBytes > _bytes || keyBytes > KeyBytesMax)
            ThrowOutside(index);
        return new ReadOnlySpan<byte>(_start + begin, (int)keyBytes);
    }

    public PageId Child(int index) => new(*(ulong*)(Element(index) + BranchChildOffset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> LeafKey(int index)
    {
        byte* element = Element(index);
        ulong begin = (ulong)(element - _start) + *(uint*)(element + LeafPosOffset);
        uint keyBytes = *(uint*)(element + LeafKeyBytesOffset);
        if (begin + keyBytes > _bytes || keyBytes > KeyBytesMax)
            ThrowOutside(index);
        return new ReadOnlySpan<byte>(_start + begin, (int)keyBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> LeafValue(int index)
    {
        byte* element = Element(index);
        ulong begin = (ulong)(element - _start) + *(uint*)(element + LeafPosOffset)
            + *(uint*)(element + LeafKeyBytesOffset);
        uint valueBytes = *(uint*)(element + LeafValueBytesOffset);
        if (begin + valueBytes > _bytes || valueBytes > ValueBytesMax)
            ThrowOutside(index);
        return new ReadOnlySpan<byte>(_start + begin, (int)valueBytes);
    }

    public bool IsBucket(int index) => (LeafFlags(index) & BucketFlag) != 0;

    public uint LeafFlags(int index) => *(uint*)(Element(index) + LeafFlagsOffset);

    /// <summary>How far the page is filled, going by its last element: data is written in the order of the
    /// elements.</summary>
    public ulong FilledBytes()
    {
        if (Count == 0)
            return HeaderBytes;

        uint last = (uint)Count - 1;
        var end = IsLeaf ? LeafValue((int)last) : BranchKey((int)last);
        return KeyOffset((int)last) + (IsLeaf ? (ulong)LeafKey((int)last).Length : 0) + (ulong)end.Length;
    }

    /// <summary>Counted from the page's first byte.</summary>
    public ulong KeyOffset(int index)
    {
        byte* element = Element(index);
        return (ulong)(element - _start) + *(uint*)(element + (IsLeaf ? LeafPosOffset : BranchPosOffset));
    }

    /// <summary>The child to look in for <paramref name="key"/>: the last whose first key is not above it.</summary>
    public int SearchBranch(ReadOnlySpan<byte> key)
    {
        ulong prefix = KeyOrder.PrefixOf(key);
        int low = 0;
        int high = Count - 1;
        if (high < 0)
            _state.ThrowCorrupt(Id, "a branch without children");

        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (KeyOrder.Compare(BranchKey(middle), key, prefix) <= 0)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    /// <summary>The first element whose key is not below <paramref name="key"/>; <see cref="Count"/> if there is
    /// none.</summary>
    public int SearchLeaf(ReadOnlySpan<byte> key, out bool isExact)
    {
        ulong prefix = KeyOrder.PrefixOf(key);
        int low = 0;
        int high = Count;
        isExact = false;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            int order = KeyOrder.Compare(LeafKey(middle), key, prefix);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Element(int index) => _start + (uint)(HeaderBytes + (index * ElementBytes));

    private void ThrowOutside(int index) => _state.ThrowCorrupt(Id, $"element {index} points outside the page");
}
