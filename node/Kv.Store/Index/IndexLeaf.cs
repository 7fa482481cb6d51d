namespace Kv.Store;

/// <summary>Keys in order, each with its slot. Slots hold no references, so the collector need not look into
/// them.</summary>
internal sealed class IndexLeaf : IndexNode
{
    public const int KeysMax = 128;
    public const int KeysMin = KeysMax / 4;
    public const int BytesMax = 16 * 1024;

    private const int LargeKeysMin = 8;

    private KeySlot[] _slots = [];

    // Where the last key came in, to tell keys that come in order from those that come at random.
    private int _lastInsert = -1;
    private bool _isAscending;

    public int Count => Keys.Count;

    public Span<KeySlot> Slots => _slots.AsSpan(0, Keys.Count);

    /// <summary>Slots in which a compaction could find something to drop.</summary>
    public int PastCount { get; set; }

    public int AllocatedBytes => Keys.AllocatedBytes + (_slots.Length * 32);

    /// <summary>Too many keys, or so many bytes that moving them costs too much; of huge keys a few always
    /// fit.</summary>
    public bool IsOverfull => Count > KeysMax || (Keys.Bytes > BytesMax && Count > LargeKeysMin);

    public void Insert(int position, ReadOnlySpan<byte> key, in KeySlot slot)
    {
        int count = Count;
        if (count == _slots.Length)
            Array.Resize(ref _slots, count + (count >> 2) + 4);
        _slots.AsSpan(position, count - position).CopyTo(_slots.AsSpan(position + 1));
        _slots[position] = slot;
        Keys.Insert(position, key);
        _isAscending = position == _lastInsert + 1;
        _lastInsert = position;
    }

    public void RemoveAt(int position)
    {
        _slots.AsSpan(position + 1, Count - position - 1).CopyTo(_slots.AsSpan(position));
        Keys.RemoveAt(position);
        _lastInsert = -1;
    }

    /// <summary>Cuts this leaf in two and returns the right one. Where keys come in order the cut is behind the last of
    /// them, which leaves full leaves behind; else in the middle.</summary>
    public IndexLeaf Split(out byte[] separator)
    {
        int cut = _isAscending && _lastInsert > 0 ? Math.Min(_lastInsert + 1, Count - 1) : Count / 2;
        separator = Keys.ShortestBetween(cut);
        var right = new IndexLeaf { Keys = Keys.Slice(cut, Count), _slots = Slots[cut..].ToArray() };
        if (_isAscending && cut == Count - 1)
            right._lastInsert = 0;

        _slots = Slots[..cut].ToArray();
        Keys = Keys.Slice(0, cut);
        _lastInsert = cut - 1;
        Summarize();
        right.Summarize();
        return right;
    }

    public bool CanAbsorb(IndexLeaf right) =>
        Count + right.Count <= KeysMax * 3 / 4 && Keys.Bytes + right.Keys.Bytes <= BytesMax / 2;

    /// <summary>Takes over all keys of the leaf that follows.</summary>
    public void Absorb(IndexLeaf right)
    {
        for (int index = 0; index < right.Count; index++)
            Insert(Count, right.Keys.ToArray(index), right._slots[index]);
        Keys = Keys.Slice(0, Count);
        _lastInsert = -1;
        Summarize();
    }

    public void Summarize()
    {
        Live = 0;
        NewestMain = 0;
        PastCount = 0;
        foreach (ref readonly KeySlot slot in Slots)
        {
            Live += slot.IsLive ? 1 : 0;
            PastCount += slot.HasPast ? 1 : 0;
            NewestMain = Math.Max(NewestMain, slot.Main);
        }
    }
}
