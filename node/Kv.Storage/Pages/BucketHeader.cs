using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>What stands in a leaf for a bucket: where its tree begins or, if it is small, all of it. Drawn in
/// <see cref="PageLayout"/>.</summary>
internal readonly unsafe struct BucketHeader
{
    private readonly byte* _inline;
    private readonly int _inlineBytes;

    private BucketHeader(PageId root, ulong sequence, byte* inline, int inlineBytes)
    {
        Root = root;
        Sequence = sequence;
        _inline = inline;
        _inlineBytes = inlineBytes;
    }

    public PageId Root { get; }

    public ulong Sequence { get; }

    public bool IsInline => _inline is not null;

    /// <summary>Of a bucket whose tree begins in a page.</summary>
    public static BucketHeader At(PageId root, ulong sequence) => new(root, sequence, null, 0);

    /// <summary>From <paramref name="value"/>, which must lie where it does not move; <paramref name="page"/> is named
    /// if it is no such header.</summary>
    public static BucketHeader Parse(CommittedState state, PageId page, ReadOnlySpan<byte> value)
    {
        if (value.Length < BucketHeaderBytes)
            state.ThrowCorrupt(page, "a bucket's header is cut short");

        var root = new PageId(BinaryPrimitives.ReadUInt64LittleEndian(value));
        ulong sequence = BinaryPrimitives.ReadUInt64LittleEndian(value[BucketSequenceOffset..]);
        if (root.Value != 0)
            return At(root, sequence);

        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(value));
        var header = new BucketHeader(
            root,
            sequence,
            start + BucketHeaderBytes,
            value.Length - BucketHeaderBytes);
        if (!header.HoldsLeaf())
            state.ThrowCorrupt(page, "an inline bucket holds no leaf");
        return header;
    }

    public Page RootPage(CommittedState state) =>
        IsInline ? new Page(state, _inline, (ulong)_inlineBytes) : state.GetPage(Root);

    private bool HoldsLeaf() =>
        _inlineBytes >= HeaderBytes
        && *(ushort*)(_inline + FlagsOffset) == LeafFlag
        && HeaderBytes + (*(ushort*)(_inline + CountOffset) * ElementBytes) <= _inlineBytes;
}
