using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>One element. The value follows the key in memory, as it does in the file.</summary>
internal readonly unsafe struct NodeItem
{
    private readonly byte* _start;
    private readonly int _keyBytes;
    private readonly int _valueBytes;
    private readonly ulong _tag;

    public NodeItem(byte* start, int keyBytes, int valueBytes, ulong tag)
    {
        _start = start;
        _keyBytes = keyBytes;
        _valueBytes = valueBytes;
        _tag = tag;
    }

    public ReadOnlySpan<byte> Key => new(_start, _keyBytes);

    public ReadOnlySpan<byte> Value => new(_start + (uint)_keyBytes, _valueBytes);

    public ReadOnlySpan<byte> KeyAndValue => new(_start, _keyBytes + _valueBytes);

    public int Bytes => _keyBytes + _valueBytes;

    /// <summary>Of a branch.</summary>
    public PageId ChildPage => new(_tag);

    /// <summary>Of a leaf.</summary>
    public bool IsBucket => (_tag & BucketFlag) != 0;

    public static NodeItem OfLeaf(Page page, int index)
    {
        var key = page.LeafKey(index);
        var value = page.LeafValue(index);
        return new NodeItem(Address(key), key.Length, value.Length, page.IsBucket(index) ? BucketFlag : 0);
    }

    public static NodeItem OfBranch(Page page, int index)
    {
        var key = page.BranchKey(index);
        return new NodeItem(Address(key), key.Length, 0, page.Child(index).Value);
    }

    /// <summary>What stands above a leaf without elements, which only a root can be.</summary>
    public static NodeItem OfEmpty(PageId page) => new(null, 0, 0, page.Value);

    /// <summary>What stands in the parent for a page that begins with this element.</summary>
    public NodeItem AsParentOf(PageId page) => new(_start, _keyBytes, 0, page.Value);

    public void SaveElement(Span<byte> element, int pos, bool isLeaf)
    {
        if (isLeaf)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(element, (uint)_tag);
            BinaryPrimitives.WriteUInt32LittleEndian(element[LeafPosOffset..], (uint)pos);
            BinaryPrimitives.WriteUInt32LittleEndian(element[LeafKeyBytesOffset..], (uint)_keyBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(element[LeafValueBytesOffset..], (uint)_valueBytes);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(element, (uint)pos);
            BinaryPrimitives.WriteUInt32LittleEndian(element[BranchKeyBytesOffset..], (uint)_keyBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(element[BranchChildOffset..], _tag);
        }
    }

    // The span lies in the mapping, which does not move.
    private static byte* Address(ReadOnlySpan<byte> key) =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(key));
}
