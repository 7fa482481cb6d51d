using System.Buffers.Binary;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>The list of free pages as a page of the file: all that a file opened anew may write to, so also the pages
/// that some reader keeps now. Drawn in <see cref="PageLayout"/>.</summary>
internal static unsafe class StoredFreeList
{
    public static int PageCount(CommittedState state) => (int)*(uint*)(Locate(state) + OverflowOffset) + 1;

    /// <summary>Hands every page listed to <paramref name="add"/>.</summary>
    public static void Load(CommittedState state, Action<PageId, int> add)
    {
        byte* page = Locate(state);
        var id = state.Meta.FreeList;
        ulong count = *(ushort*)(page + CountOffset);
        ulong first = 0;
        if (count == CountElsewhere)
        {
            count = *(ulong*)(page + HeaderBytes);
            first = 1;
        }

        ulong room = (((ulong)PageCount(state) * (ulong)state.Meta.PageSize) - HeaderBytes) / sizeof(ulong);
        if (count > room - first)
            state.ThrowCorrupt(id, $"a free list of {count} pages does not fit");

        ulong last = FirstDataPage - 1;
        for (ulong index = first; index < first + count; index++)
        {
            ulong freePage = *(ulong*)(page + HeaderBytes + (index * sizeof(ulong)));
            if (freePage <= last || freePage >= state.Meta.HighWater)
                state.ThrowCorrupt(id, $"the free list names page {freePage}, out of order or beyond the end");
            add(new PageId(freePage), 1);
            last = freePage;
        }
    }

    /// <summary>Writes all that is free, waits to be, or is left out by this transaction.</summary>
    public static PageId Save(WriteTransaction transaction, PagePool pool)
    {
        // Taking pages for the list can only make it shorter.
        long most = pool.Free.Count + pool.WaitingCount;
        foreach (var run in transaction.Freed)
            most += run.Count;
        long bytes = HeaderBytes + ((most + 1) * sizeof(ulong));
        int pages = checked((int)((bytes + transaction.PageSize - 1) / transaction.PageSize));
        var id = transaction.Allocate(pages);

        ulong[] ids = [.. Ids(transaction, pool)];
        Array.Sort(ids);
        var page = transaction.Writer.Add(id, pages);
        page.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page, id.Value);
        BinaryPrimitives.WriteUInt16LittleEndian(page[FlagsOffset..], FreeListFlag);
        BinaryPrimitives.WriteUInt32LittleEndian(page[OverflowOffset..], (uint)pages - 1);
        BinaryPrimitives.WriteUInt16LittleEndian(
            page[CountOffset..],
            ids.Length < CountElsewhere ? (ushort)ids.Length : CountElsewhere);

        int offset = HeaderBytes;
        if (ids.Length >= CountElsewhere)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[offset..], (ulong)ids.Length);
            offset += sizeof(ulong);
        }

        foreach (ulong freePage in ids)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[offset..], freePage);
            offset += sizeof(ulong);
        }

        return id;
    }

    private static IEnumerable<ulong> Ids(WriteTransaction transaction, PagePool pool)
    {
        foreach ((var start, int count) in pool.Free.Runs())
        {
            for (int page = 0; page < count; page++)
                yield return start.Value + (ulong)page;
        }

        foreach (var run in pool.States.SelectMany(state => state.LastSeenHere).Concat(transaction.Freed))
        {
            for (int page = 0; page < run.Count; page++)
                yield return run.Start.Value + (ulong)page;
        }
    }

    private static byte* Locate(CommittedState state)
    {
        var id = state.Meta.FreeList;
        byte* page = state.Locate(id);
        if (*(ushort*)(page + FlagsOffset) != FreeListFlag)
            state.ThrowCorrupt(id, "is not the free list that the meta page says it is");
        return page;
    }
}
