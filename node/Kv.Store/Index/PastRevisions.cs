namespace Kv.Store;

/// <summary>The revisions of one key before its last, oldest first. A life of the key runs from the put that created it
/// to its deletion; each revision notes how far into its life it is, so that the life's first revision and the version
/// are found without a search:
/// <code>
/// put 3, put 4, delete 6, put 8, put 9:   place in life 0 1 2 0 1
/// at 9: life began one place back, at 8; version 2
/// </code>
/// A compaction may have dropped the beginning of the first life only; what that life needs is kept beside.</summary>
internal sealed class PastRevisions
{
    private const int FirstCapacity = 2;

    private Entry[] _entries = new Entry[FirstCapacity];
    private int _count;
    private long _firstCreated;
    private long _firstVersion;

    public int Count => _count;

    public void Append(in KeySlot slot)
    {
        if (_count == _entries.Length)
            Array.Resize(ref _entries, _count + Math.Max(FirstCapacity, _count >> 1));

        int place = _count == 0 || _entries[_count - 1].IsDelete ? 0 : _entries[_count - 1].Place + 1;
        if (_count == 0)
        {
            _firstCreated = slot.Created;
            _firstVersion = slot.Version;
        }

        _entries[_count++] = new Entry(slot.Main, slot.Sub, place, !slot.IsLive);
    }

    /// <summary>The state as of <paramref name="atRevision"/>; false if the key did not exist then.</summary>
    public bool TryFind(long atRevision, out KeyState state)
    {
        int index = LastUpTo(atRevision);
        if (index < 0 || _entries[index].IsDelete)
        {
            state = default;
            return false;
        }

        state = StateOf(index);
        return true;
    }

    public bool Contains(Revision revision)
    {
        for (int index = LastUpTo(revision.Main); index >= 0 && _entries[index].Main == revision.Main; index--)
        {
            if (_entries[index].Sub == revision.Sub)
                return true;
        }

        return false;
    }

    /// <summary>Whether the oldest of these is not later than request <paramref name="main"/>.</summary>
    public bool BeginsBy(long main) => _entries[0].Main <= main;

    /// <summary>Whether the newest of these is a deletion made by request <paramref name="main"/>.</summary>
    public bool EndsWithDeletionAt(long main) => _entries[_count - 1].IsDelete && _entries[_count - 1].Main == main;

    /// <summary>Drops what nobody may ask for once <paramref name="revision"/> is the oldest readable one, given that
    /// the key's last revision is later than that.</summary>
    public void Compact(long revision)
    {
        int keep = LastUpTo(revision);
        if (keep < 0)
            return;

        // A deletion made by the very request is still an event of that revision, older ones are nothing.
        if (_entries[keep].IsDelete && _entries[keep].Main < revision)
            keep++;
        else if (keep > 0 && _entries[keep - 1].IsDelete && _entries[keep - 1].Main == revision)
            keep--;
        DropFirst(keep);
    }

    public void DropFirst(int dropped)
    {
        if (dropped == 0)
            return;

        int left = _count - dropped;
        if (left > 0)
        {
            KeyState first = StateOf(dropped);
            int place = _entries[dropped].Place;
            _firstCreated = first.Created;
            _firstVersion = first.Version;
            for (int index = dropped; index < _count && _entries[index].Place == place + index - dropped; index++)
                _entries[index].Place -= place;
        }

        Entry[] target = left < _entries.Length / 2 ? new Entry[Math.Max(left, FirstCapacity)] : _entries;
        Array.Copy(_entries, dropped, target, 0, left);
        _entries = target;
        _count = left;
    }

    private KeyState StateOf(int index)
    {
        ref readonly Entry entry = ref _entries[index];
        int start = index - entry.Place;
        long created = start == 0 ? _firstCreated : _entries[start].Main;
        long version = (start == 0 ? _firstVersion : 1) + entry.Place;
        return new KeyState(new Revision(entry.Main, entry.Sub), created, version);
    }

    private int LastUpTo(long main)
    {
        int low = 0;
        int high = _count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_entries[middle].Main <= main)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return high;
    }

    // 16 bytes: the sign of the place tells a deletion.
    private struct Entry(long main, int sub, int place, bool isDelete)
    {
        public readonly long Main = main;
        public readonly int Sub = sub;
        private int _place = isDelete ? ~place : place;

        public readonly bool IsDelete => _place < 0;

        public int Place
        {
            readonly get => _place < 0 ? ~_place : _place;
            set => _place = _place < 0 ? ~value : value;
        }
    }
}
