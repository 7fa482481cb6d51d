using System.Buffers.Binary;

namespace Kv.Storage.Pages;

/// <summary>What a meta page says: where the tree of one committed transaction begins. There are two of them, written
/// in turn, so that one is always whole; the valid one with the higher transaction id is the truth.
/// <code>
/// 16      20        24          28      32     40         48          56           64     72         80
/// | magic | version | page size | flags | root | sequence | free list | high water | txid | checksum |
/// </code>
/// The checksum is FNV-1a over the 56 bytes before it. High water is the first page never used.</summary>
internal readonly record struct Meta(
    int PageSize,
    PageId Root,
    ulong Sequence,
    PageId FreeList,
    ulong HighWater,
    ulong TransactionId)
{
    /// <summary>From the start of the page.</summary>
    public const int Bytes = PageLayout.HeaderBytes + 64;

    private const uint Magic = 0xED0CDAED;
    private const uint Version = 2;
    private const int VersionOffset = 4;
    private const int PageSizeOffset = 8;
    private const int RootOffset = 16;
    private const int SequenceOffset = 24;
    private const int FreeListOffset = 32;
    private const int HighWaterOffset = 40;
    private const int TransactionIdOffset = 48;
    private const int ChecksumOffset = 56;

    /// <summary>Which of the two pages holds it.</summary>
    public int Slot => (int)(TransactionId % 2);

    public long Length => checked((long)HighWater * PageSize);

    /// <summary>False if <paramref name="page"/> (its first bytes suffice) is not a meta page, or not a whole
    /// one.</summary>
    public static bool TryRead(ReadOnlySpan<byte> page, out Meta meta)
    {
        meta = default;
        if (page.Length < Bytes)
            return false;

        var body = page[PageLayout.HeaderBytes..Bytes];
        if (BinaryPrimitives.ReadUInt32LittleEndian(body) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(body[VersionOffset..]) != Version
            || BinaryPrimitives.ReadUInt64LittleEndian(body[ChecksumOffset..]) != Checksum(body[..ChecksumOffset]))
        {
            return false;
        }

        uint pageSize = BinaryPrimitives.ReadUInt32LittleEndian(body[PageSizeOffset..]);
        if (pageSize is < PageLayout.PageSizeMin or > PageLayout.PageSizeMax)
            return false;

        meta = new Meta(
            (int)pageSize,
            new PageId(BinaryPrimitives.ReadUInt64LittleEndian(body[RootOffset..])),
            BinaryPrimitives.ReadUInt64LittleEndian(body[SequenceOffset..]),
            new PageId(BinaryPrimitives.ReadUInt64LittleEndian(body[FreeListOffset..])),
            BinaryPrimitives.ReadUInt64LittleEndian(body[HighWaterOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[TransactionIdOffset..]));
        return true;
    }

    /// <summary>Writes the whole page; <paramref name="slot"/> is its page id.</summary>
    public void Write(Span<byte> page, int slot)
    {
        page.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page, (ulong)slot);
        BinaryPrimitives.WriteUInt16LittleEndian(page[PageLayout.FlagsOffset..], PageLayout.MetaFlag);

        var body = page[PageLayout.HeaderBytes..Bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(body, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(body[VersionOffset..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(body[PageSizeOffset..], (uint)PageSize);
        BinaryPrimitives.WriteUInt64LittleEndian(body[RootOffset..], Root.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(body[SequenceOffset..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(body[FreeListOffset..], FreeList.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(body[HighWaterOffset..], HighWater);
        BinaryPrimitives.WriteUInt64LittleEndian(body[TransactionIdOffset..], TransactionId);
        BinaryPrimitives.WriteUInt64LittleEndian(body[ChecksumOffset..], Checksum(body[..ChecksumOffset]));
    }

    private static ulong Checksum(ReadOnlySpan<byte> bytes)
    {
        const ulong OffsetBasis = 14695981039346656037;
        const ulong Prime = 1099511628211;
        ulong hash = OffsetBasis;
        foreach (byte value in bytes)
            hash = unchecked((hash ^ value) * Prime);
        return hash;
    }
}
