namespace Kv.Testing.Linearizability;

/// <summary>What is known about one key; see <see cref="Evidence"/>.</summary>
internal sealed class KeyEvidence
{
    private readonly List<(long To, long From)> _untouched = [];
    private readonly List<(long To, long From)> _alive = [];
    private readonly List<(long To, long From)> _accounted = [];
    private readonly SortedSet<long> _puts = [];
    private readonly Dictionary<(long Created, long Modified), long> _versions = [];

    /// <summary>A put of it is known to have this revision.</summary>
    public void AddPut(long revision) => _puts.Add(revision);

    /// <summary>At that position it was last changed at <paramref name="modified"/>.</summary>
    public void AddModified(long position, long modified)
    {
        _puts.Add(modified);
        _untouched.Add((position, modified));
    }

    public void AddFound(in StoredValue found, long position)
    {
        AddModified(position, found.Modified);
        _puts.Add(found.Created);
        _alive.Add((position, found.Created));
        _versions[(found.Created, found.Modified)] = found.Version;
    }

    /// <summary>To be called when all is added.</summary>
    public void Seal()
    {
        long[] puts = [.. _puts];
        foreach (((long created, long modified), long version) in _versions)
        {
            int known = CountUpTo(puts, modified) - CountUpTo(puts, created - 1);
            if (known >= version)
                _accounted.Add((modified - 1, created));
        }

        KeepWidest(_untouched);
        KeepWidest(_alive);
        KeepWidest(_accounted);
    }

    /// <summary>Whether nothing known speaks against its being put or deleted at a revision that nobody was
    /// answered.</summary>
    public bool Allows(long revision, bool isDeletion)
    {
        if (IsInside(_untouched, revision))
            return false;
        if (isDeletion)
            return !IsInside(_alive, revision);
        return _puts.Contains(revision) || !IsInside(_accounted, revision);
    }

    private static int CountUpTo(long[] sorted, long revision)
    {
        int found = Array.BinarySearch(sorted, revision);
        return found >= 0 ? found + 1 : ~found;
    }

    // Of all stretches that end here or later, how far back any goes: then one look tells whether a revision is inside.
    private static void KeepWidest(List<(long To, long From)> stretches)
    {
        stretches.Sort();
        for (int index = stretches.Count - 2; index >= 0; index--)
        {
            long from = Math.Min(stretches[index].From, stretches[index + 1].From);
            stretches[index] = stretches[index] with { From = from };
        }
    }

    // A stretch has its end, but not its beginning.
    private static bool IsInside(List<(long To, long From)> stretches, long revision)
    {
        int low = 0;
        int high = stretches.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (stretches[middle].To >= revision)
                high = middle;
            else
                low = middle + 1;
        }

        return low < stretches.Count && stretches[low].From < revision;
    }
}
