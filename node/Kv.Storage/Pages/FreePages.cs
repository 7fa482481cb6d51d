using System.Numerics;

namespace Kv.Storage.Pages;

/// <summary>Which pages may be written to: one bit each. The lowest fitting run is taken, which keeps the file dense
/// and lets it be cut at the end. For runs of 1, 2, 3-4, 5-8 ... pages it is remembered below which page there is none
/// that long, so that the search for one does not start anew at the beginning of a large file.</summary>
internal sealed class FreePages
{
    private const int BitsPerWord = 64;
    private const int ClassCount = 13;
    private const int LongestClassRun = 1 << (ClassCount - 1);

    private ulong[] _words = [];
    private readonly ulong[] _noneBelow = new ulong[ClassCount];
    private ulong _barredFrom;
    private ulong _barredTo;

    public long Count { get; private set; }

    private ulong End => (ulong)_words.Length * BitsPerWord;

    public bool Contains(PageId page) =>
        page.Value < End && ((_words[page.Value / BitsPerWord] >> (int)(page.Value % BitsPerWord)) & 1) != 0;

    public void Add(PageId start, int count)
    {
        Invariant.Require(count > 0);
        ulong end = start.Value + (ulong)count;
        if (end > End)
            Array.Resize(ref _words, Math.Max((int)((end / BitsPerWord) + 1), _words.Length * 2));

        Set(start.Value, count, free: true);
        Count += count;
        LowerHints(start.Value, end);
    }

    /// <summary>Takes the lowest <paramref name="count"/> pages in a row that end at or below
    /// <paramref name="limit"/>.</summary>
    public bool TryTake(int count, ulong limit, out PageId start)
    {
        Invariant.Require(count > 0);
        int sizeClass = ClassOf(count);
        ulong at = _noneBelow[sizeClass];
        ulong hint = ulong.MaxValue;
        while (NextRun(at, count, out ulong runStart, out int length))
        {
            if (IsBarred(ref runStart, ref length, out at))
                continue;

            if (length >= count)
            {
                _noneBelow[sizeClass] = Math.Min(hint, runStart);
                start = new PageId(runStart);
                if (runStart + (ulong)count > limit)
                    return false;

                Set(runStart, count, free: false);
                Count -= count;
                return true;
            }

            // Too short for this, but another of the same class may fit here.
            if (length >= ShortestOf(sizeClass))
                hint = Math.Min(hint, runStart);
        }

        _noneBelow[sizeClass] = Math.Min(hint, End);
        start = default;
        return false;
    }

    /// <summary>Keeps pages <paramref name="from"/> to <paramref name="to"/> from being taken, though they are or
    /// become free: they are to become one run.</summary>
    public void Bar(ulong from, ulong to)
    {
        Unbar();
        _barredFrom = from;
        _barredTo = to;
    }

    public void Unbar()
    {
        if (_barredTo > _barredFrom)
        {
            ulong first = StartOfRun(_barredFrom);
            foreach (ref ulong hint in _noneBelow.AsSpan())
                hint = Math.Min(hint, first);
        }

        _barredFrom = _barredTo = 0;
    }

    /// <summary>The stretch of <paramref name="count"/> pages below <paramref name="limit"/> with the most free ones,
    /// up to where words of bits begin and end. It begins with a free page, and may be a little shorter.</summary>
    public bool TryFindEmptiest(int count, ulong limit, out PageId start, out PageId end)
    {
        int width = (count + BitsPerWord - 1) / BitsPerWord;
        int words = (int)Math.Min((ulong)_words.Length, limit / BitsPerWord);
        long free = 0;
        long most = 0;
        int best = -1;
        for (int word = 0; word < words; word++)
        {
            free += BitOperations.PopCount(_words[word]);
            if (word >= width)
                free -= BitOperations.PopCount(_words[word - width]);
            if (word >= width - 1 && free > most)
            {
                most = free;
                best = word - width + 1;
            }
        }

        start = new PageId(best < 0 ? 0 : FindFree((ulong)best * BitsPerWord));
        end = new PageId((ulong)(best + width) * BitsPerWord);
        return best >= 0;
    }

    /// <summary>Takes just these; false if one of them is not free.</summary>
    public bool TryTakeAt(PageId start, int count)
    {
        for (int page = 0; page < count; page++)
        {
            if (!Contains(new PageId(start.Value + (ulong)page)))
                return false;
        }

        Set(start.Value, count, free: false);
        Count -= count;
        return true;
    }

    /// <summary>Forgets the free pages at the end of a file of <paramref name="highWater"/> pages, and returns how many
    /// pages are left.</summary>
    public ulong TrimEnd(ulong highWater)
    {
        while (highWater > PageLayout.FirstDataPage && Contains(new PageId(highWater - 1)))
        {
            highWater--;
            Set(highWater, 1, free: false);
            Count--;
        }

        return highWater;
    }

    /// <summary>All free pages as runs, from <paramref name="from"/> on, in order.</summary>
    public IEnumerable<(PageId Start, int Count)> Runs(PageId from = default)
    {
        ulong at = from.Value;
        while (NextRun(at, int.MaxValue, out ulong start, out int length))
        {
            yield return (new PageId(start), length);
            at = start + (ulong)length;
        }
    }

    // Cuts a run at the barred pages; true if nothing is left of it. The search goes on at next.
    private bool IsBarred(ref ulong start, ref int length, out ulong next)
    {
        ulong end = start + (ulong)length;
        next = end;
        if (end <= _barredFrom || start >= _barredTo)
            return false;

        next = _barredTo;
        if (start >= _barredFrom)
            return true;
        length = (int)(_barredFrom - start);
        return false;
    }

    // The first run at or after a page, measured no further than is needed.
    private bool NextRun(ulong from, int enough, out ulong start, out int length)
    {
        start = FindFree(from);
        length = 0;
        if (start >= End)
            return false;

        ulong limit = Math.Min(End, start + (ulong)enough);
        ulong end = start;
        while (end < limit)
        {
            ulong word = ~_words[end / BitsPerWord] >> (int)(end % BitsPerWord);
            if (word != 0)
            {
                end += (ulong)BitOperations.TrailingZeroCount(word);
                break;
            }

            end = ((end / BitsPerWord) + 1) * BitsPerWord;
        }

        length = (int)(Math.Min(end, limit) - start);
        return true;
    }

    private ulong FindFree(ulong from)
    {
        ulong at = from;
        while (at < End)
        {
            ulong word = _words[at / BitsPerWord] >> (int)(at % BitsPerWord);
            if (word != 0)
                return at + (ulong)BitOperations.TrailingZeroCount(word);
            at = ((at / BitsPerWord) + 1) * BitsPerWord;
        }

        return End;
    }

    private void Set(ulong start, int count, bool free)
    {
        ulong at = start;
        ulong end = start + (ulong)count;
        while (at < end)
        {
            int shift = (int)(at % BitsPerWord);
            int bits = (int)Math.Min((ulong)(BitsPerWord - shift), end - at);
            ulong mask = (bits == BitsPerWord ? ulong.MaxValue : (1UL << bits) - 1) << shift;
            ref ulong word = ref _words[at / BitsPerWord];

            // Freed twice, or taken while in use: the tree is no longer a tree.
            Invariant.Require((word & mask) == (free ? 0 : mask));
            word ^= mask;
            at += (ulong)bits;
        }
    }

    private void LowerHints(ulong start, ulong end)
    {
        ulong low = StartOfRun(start);
        ulong high = end;
        ulong highest = Math.Min(End, low + LongestClassRun);
        while (high < highest && Contains(new PageId(high)))
            high++;

        int length = (int)Math.Min(high - low, LongestClassRun);
        for (int sizeClass = ClassOf(length); sizeClass >= 0; sizeClass--)
            _noneBelow[sizeClass] = Math.Min(_noneBelow[sizeClass], low);
    }

    // No further back than matters: of what was free before, more than the longest class is known to the hints.
    private ulong StartOfRun(ulong page)
    {
        ulong lowest = page > LongestClassRun ? page - LongestClassRun : 0;
        while (page > lowest && Contains(new PageId(page - 1)))
            page--;
        return page;
    }

    private static int ClassOf(int count) =>
        Math.Min(BitOperations.Log2((uint)count - 1) + (count > 1 ? 1 : 0), ClassCount - 1);

    private static int ShortestOf(int sizeClass) => sizeClass == 0 ? 1 : (1 << (sizeClass - 1)) + 1;
}
