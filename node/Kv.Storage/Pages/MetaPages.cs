using System.Buffers.Binary;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>The beginning of a page file: how a new one starts, and which of the two meta pages counts.</summary>
internal static class MetaPages
{
    private const string UnfinishedSuffix = ".tmp";
    private const ulong FirstFreeListPage = 2;
    private const ulong FirstRootPage = 3;
    private const int FirstPageCount = 4;

    /// <summary>Puts an empty page file in place of none, or of one of no bytes. It takes its name only when it is
    /// whole, so a crash leaves no half-made one.</summary>
    public static void CreateIfMissing(IDisk disk, string path, PageFileOptions options)
    {
        if (disk.FileExists(path))
        {
            using var existing = disk.Open(path, FileAccessMode.Read);
            if (existing.Length > 0)
                return;
        }

        using (var file = disk.Open(path + UnfinishedSuffix, FileAccessMode.Create))
        {
            file.Write(0, FirstPages(options.PageSize));
            file.Sync();
        }

        disk.Rename(path + UnfinishedSuffix, path);
        disk.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>The newest valid meta page and where it lies, once what it says is known to be possible.</summary>
    public static (Meta Meta, int Slot) Read(IFile file)
    {
        Span<byte> bytes = stackalloc byte[Meta.Bytes];
        bool hasFirst = TryReadAt(file, 0, bytes, out var first);
        bool hasSecond = false;
        var second = default(Meta);
        if (hasFirst)
        {
            hasSecond = TryReadAt(file, first.PageSize, bytes, out second) && second.PageSize == first.PageSize;
        }
        else
        {
            for (int size = PageSizeMin; size <= PageSizeMax && !hasSecond; size *= 2)
                hasSecond = TryReadAt(file, size, bytes, out second) && second.PageSize == size;
        }

        if (!hasFirst && !hasSecond)
            CorruptDataException.Throw(file.Path, "neither meta page is valid: this is no page file, or a damaged one");

        int slot = hasSecond && (!hasFirst || second.TransactionId > first.TransactionId) ? 1 : 0;
        var meta = slot == 1 ? second : first;
        Check(file, meta, slot);
        return (meta, slot);
    }

    private static void Check(IFile file, Meta meta, int slot)
    {
        string place = $"{file.Path}, page {slot}";
        ulong highWater = meta.HighWater;
        if (highWater > long.MaxValue / PageSizeMax || meta.Length > file.Length)
        {
            CorruptDataException.Throw(
                place,
                $"the file has {file.Length} bytes, but {highWater} pages of {meta.PageSize} bytes are in use: it was "
                + "cut short");
        }

        if (meta.Root.Value < FirstDataPage || meta.Root.Value >= highWater)
        {
            CorruptDataException.Throw(
                place,
                $"the root, page {meta.Root}, is not below the high water mark, {highWater}");
        }

        if (meta.FreeList != PageId.None && (meta.FreeList.Value < FirstDataPage || meta.FreeList.Value >= highWater))
        {
            CorruptDataException.Throw(
                place,
                $"the free list, page {meta.FreeList}, is not below the high water mark, {highWater}");
        }
    }

    private static bool TryReadAt(IFile file, long offset, Span<byte> bytes, out Meta meta) =>
        Meta.TryRead(bytes[..file.Read(offset, bytes)], out meta);

    private static byte[] FirstPages(int pageSize)
    {
        byte[] pages = new byte[FirstPageCount * pageSize];
        var meta = new Meta(
            pageSize,
            new PageId(FirstRootPage),
            Sequence: 0,
            new PageId(FirstFreeListPage),
            FirstPageCount,
            TransactionId: 0);
        meta.Write(pages.AsSpan(0, pageSize), slot: 0);
        (meta with { TransactionId = 1 }).Write(pages.AsSpan(pageSize, pageSize), slot: 1);
        WriteHeader(pages.AsSpan((int)FirstFreeListPage * pageSize), FirstFreeListPage, FreeListFlag);
        WriteHeader(pages.AsSpan((int)FirstRootPage * pageSize), FirstRootPage, LeafFlag);
        return pages;
    }

    private static void WriteHeader(Span<byte> page, ulong id, ushort flags)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(page, id);
        BinaryPrimitives.WriteUInt16LittleEndian(page[FlagsOffset..], flags);
    }
}
