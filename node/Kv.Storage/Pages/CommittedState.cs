using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>What one commit left: a root, and the pages that can be reached from it, none of which will change while
/// the state is pinned. It is pinned by each of its readers, and by the writer for as long as a meta page on the disk
/// leads to it, so that either meta page is the root of a whole tree at any moment.</summary>
internal sealed unsafe class CommittedState
{
    private readonly MappedView _view;
    private readonly string _path;
    private readonly byte* _start;
    private readonly ulong _highWater;
    private readonly ulong _pageSize;

    // The writer's pin. A state that has come down to zero can not be pinned again.
    private int _pins = 1;

    public CommittedState(string path, Meta meta, MappedView view)
    {
        Meta = meta;
        _view = view;
        _path = path;
        _start = view.Start;
        _highWater = meta.HighWater;
        _pageSize = (ulong)meta.PageSize;
        view.Share();
    }

    public Meta Meta { get; }

    public ulong Id => Meta.TransactionId;

    public string Path => _path;

    /// <summary>Pages that no later state can reach, in runs; only the writer looks here.</summary>
    public List<FreedRun> LastSeenHere { get; } = [];

    /// <summary>Including the writer's own.</summary>
    public int Pins => Volatile.Read(ref _pins);

    public bool TryPin()
    {
        int pins = Volatile.Read(ref _pins);
        while (pins > 0)
        {
            int found = Interlocked.CompareExchange(ref _pins, pins + 1, pins);
            if (found == pins)
                return true;
            pins = found;
        }

        return false;
    }

    public void Unpin()
    {
        int left = Interlocked.Decrement(ref _pins);
        Invariant.Require(left >= 0);
        if (left == 0)
            _view.Release();
    }

    /// <summary>The page <paramref name="id"/>, a leaf or a branch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Page GetPage(PageId id)
    {
        byte* start = Locate(id);
        ulong bytes = (*(uint*)(start + OverflowOffset) + 1UL) * _pageSize;
        int flags = *(ushort*)(start + FlagsOffset);
        uint count = *(ushort*)(start + CountOffset);
        if (flags is not (LeafFlag or BranchFlag) || HeaderBytes + (count * ElementBytes) > bytes)
            ThrowBadHeader(id, flags);
        return new Page(this, start, bytes);
    }

    /// <summary>The first byte of the page, whatever its kind, once it is known that it lies inside the file and is the
    /// one wanted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Locate(PageId id)
    {
        ulong page = id.Value;
        if (page < FirstDataPage || page >= _highWater)
            ThrowCorrupt(id, $"is not below the high water mark, {_highWater}");

        byte* start = _start + (page * _pageSize);
        if (*(ulong*)start != page || *(uint*)(start + OverflowOffset) >= _highWater - page)
            ThrowMisplaced(id);
        return start;
    }

    [DoesNotReturn]
    public void ThrowCorrupt(PageId page, string finding) =>
        CorruptDataException.Throw($"{_path}, page {page}", finding);

    private void ThrowBadHeader(PageId id, int flags)
    {
        bool isKnown = flags is LeafFlag or BranchFlag;
        ThrowCorrupt(id, isKnown ? "the elements do not fit" : $"is neither leaf nor branch: flags {flags:x}");
    }

    private void ThrowMisplaced(PageId id)
    {
        ulong found = *(ulong*)(_start + (id.Value * _pageSize));
        ThrowCorrupt(
            id,
            found != id.Value ? $"page {found} lies here" : "reaches past the high water mark");
    }
}

/// <summary>Pages in a row that are free once no reader sees them: those of states from <paramref name="BornIn"/> up
/// to the one that they hang on.</summary>
internal readonly record struct FreedRun(PageId Start, int Count, ulong BornIn);
