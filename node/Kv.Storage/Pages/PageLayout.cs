namespace Kv.Storage.Pages;

/// <summary>The page format of bbolt, which this file shares with etcd. Numbers are little-endian.
/// <code>
/// page      0         8       10      12         16
///           | page id | flags | count | overflow | elements ... | keys and values ... |
///           overflow = how many pages follow this one and belong to it
///
/// leaf element    | flags u32 | pos u32 | key bytes u32 | value bytes u32 |
/// branch element  | pos u32 | key bytes u32 | child page id u64 |
///           pos is counted from the element's own first byte; the value follows its key at once.
///
/// free list | header | ids ... |   a count of 0xFFFF means that the first id is the real count
///
/// bucket (the value of a leaf element whose flags say so)
///           0              8          16
///           | root page id | sequence | if the root is 0: the bucket's only leaf, headed like a page |
/// </code></summary>
internal static class PageLayout
{
    public const int IdOffset = 0;
    public const int FlagsOffset = 8;
    public const int CountOffset = 10;
    public const int OverflowOffset = 12;
    public const int HeaderBytes = 16;

    public const ushort BranchFlag = 0x01;
    public const ushort LeafFlag = 0x02;
    public const ushort MetaFlag = 0x04;
    public const ushort FreeListFlag = 0x10;

    /// <summary>Of both kinds of element.</summary>
    public const int ElementBytes = 16;

    public const int LeafFlagsOffset = 0;
    public const int LeafPosOffset = 4;
    public const int LeafKeyBytesOffset = 8;
    public const int LeafValueBytesOffset = 12;

    public const int BranchPosOffset = 0;
    public const int BranchKeyBytesOffset = 4;
    public const int BranchChildOffset = 8;

    /// <summary>Flag of a leaf element that holds a bucket.</summary>
    public const uint BucketFlag = 0x01;

    public const int BucketHeaderBytes = 16;
    public const int BucketSequenceOffset = 8;

    public const int KeyBytesMax = 32768;
    public const int ValueBytesMax = int.MaxValue - 1;

    /// <summary>In the count of a free list: the real count stands in the first element.</summary>
    public const ushort CountElsewhere = 0xFFFF;

    /// <summary>Pages 0 and 1 are the two meta pages.</summary>
    public const ulong FirstDataPage = 2;

    public const int PageSizeMin = 1024;
    public const int PageSizeMax = 1024 << 14;

    /// <summary>No tree of ours comes near; a descent that passes it goes round in a circle.</summary>
    public const int DepthMax = 24;

    /// <summary>Of buckets in buckets; etcd has one level.</summary>
    public const int NestingMax = 100;
}
