namespace Kv.Store;

/// <summary>Which revisions each key has, in the order of keys: a B+tree whose leaves hold packed keys and, in the slot
/// of each, its last revision. Earlier ones, down to the last compaction, stand aside in a table, as most keys have
/// none. So a key costs some 45 bytes beyond itself, and what it shares with its neighbours costs nothing.
/// <para>Not safe for concurrent use: the store's gate guards it. Walks can be cut into short steps
/// (<see cref="IndexScan"/>), so that nobody holds the gate for long.</para></summary>
internal sealed class KeyIndex
{
    private const int DepthMax = 16;

    private readonly PastTable _past = new();
    private readonly IndexBranch[] _path = new IndexBranch[DepthMax];
    private readonly int[] _turns = new int[DepthMax];
    private IndexNode _root = new IndexLeaf();
    private int _depth;

    /// <summary>Keys that exist now.</summary>
    public long LiveCount => _root.Live;

    public bool TryGet(ReadOnlySpan<byte> key, long atRevision, out KeyState state)
    {
        IndexLeaf leaf = LeafOf(key);
        if (leaf.Keys.Find(key, out int position))
            return IsVisible(leaf.Slots[position], atRevision, out state);

        state = default;
        return false;
    }

    /// <summary>The state of a key as of a revision; false if it did not exist then.</summary>
    public bool IsVisible(in KeySlot slot, long atRevision, out KeyState state)
    {
        if (slot.Main > atRevision && slot.Past != KeySlot.NoPast)
            return _past[slot.Past].TryFind(atRevision, out state);

        state = slot.State;
        return slot.IsLive && slot.Main <= atRevision;
    }

    /// <summary>Whether this revision of this key is still known, be it put or deletion.</summary>
    public bool Contains(ReadOnlySpan<byte> key, Revision revision)
    {
        IndexLeaf leaf = LeafOf(key);
        if (!leaf.Keys.Find(key, out int position))
            return false;

        ref readonly KeySlot slot = ref leaf.Slots[position];
        return (slot.Main == revision.Main && slot.Sub == revision.Sub) ||
            (slot.Past != KeySlot.NoPast && _past[slot.Past].Contains(revision));
    }

    /// <summary>Notes that the key was put; returns what this made of it.</summary>
    public KeyState Put(ReadOnlySpan<byte> key, Revision revision)
    {
        IndexLeaf leaf = Descend(key);
        bool isLive = leaf.Keys.Find(key, out int position) && leaf.Slots[position].IsLive;
        var slot = new KeySlot
        {
            Main = revision.Main,
            Sub = (int)revision.Sub,
            Created = isLive ? leaf.Slots[position].Created : revision.Main,
            Version = isLive ? leaf.Slots[position].Version + 1 : 1,
        };
        Set(leaf, key, slot);
        return slot.State;
    }

    /// <summary>Notes that the key was deleted; false, and nothing is noted, if it does not exist.</summary>
    public bool Delete(ReadOnlySpan<byte> key, Revision revision)
    {
        IndexLeaf leaf = Descend(key);
        if (!leaf.Keys.Find(key, out int position) || !leaf.Slots[position].IsLive)
            return false;

        DeleteAt(leaf, position, revision);
        return true;
    }

    /// <summary>Notes that a live key was deleted, in the leaf that <see cref="MoveNext"/> has just
    /// returned.</summary>
    public void DeleteAt(IndexLeaf leaf, int position, Revision revision)
    {
        ref KeySlot slot = ref leaf.Slots[position];
        Invariant.Require(slot.IsLive);
        Replace(leaf, ref slot, Deletion(revision));
    }

    /// <summary>Takes in one row of the page file. Rows of a key come in the order of their revisions.</summary>
    public void RestorePut(ReadOnlySpan<byte> key, KeyState state)
    {
        var slot = new KeySlot
        {
            Main = state.Modified.Main,
            Sub = (int)state.Modified.Sub,
            Created = state.Created,
            Version = state.Version,
        };
        Set(Descend(key), key, slot);
    }

    /// <inheritdoc cref="RestorePut"/>
    public void RestoreDelete(ReadOnlySpan<byte> key, Revision revision) => Set(Descend(key), key, Deletion(revision));

    /// <summary>The next leaf of the walk and which of its slots are in the range.</summary>
    public bool MoveNext(ref IndexScan scan, out IndexLeaf leaf, out int from, out int to)
    {
        if (scan.IsDone)
        {
            leaf = null!;
            from = to = 0;
            return false;
        }

        leaf = Descend(scan.Next);
        (from, to) = scan.Within(leaf);
        PassLeaf(ref scan);
        return true;
    }

    /// <summary>Goes on counting the keys that existed at a revision, for about <paramref name="budget"/> slots'
    /// worth of work. Subtrees that did not change since that revision are counted by their summary.</summary>
    public long Count(ref IndexScan scan, long atRevision, ref int budget)
    {
        long counted = 0;
        while (budget > 0 && !scan.IsDone)
        {
            budget--;
            if (TryCountSubtrees(ref scan, atRevision, ref counted))
                continue;

            MoveNext(ref scan, out IndexLeaf leaf, out int from, out int to);
            if (from == 0 && to == leaf.Count && leaf.NewestMain <= atRevision)
            {
                counted += leaf.Live;
                continue;
            }

            budget -= to - from;
            foreach (ref readonly KeySlot slot in leaf.Slots[from..to])
                counted += IsVisible(slot, atRevision, out _) ? 1 : 0;
        }

        return counted;
    }

    /// <summary>Goes on forgetting what nobody may ask for once <paramref name="revision"/> is the oldest readable one:
    /// per key all before the last revision up to it, and that one too if it is a deletion of an earlier
    /// request. Returns whether of anything up to that revision something was kept.</summary>
    public bool Compact(ref IndexScan scan, long revision, ref int budget)
    {
        bool isAnyKept = false;
        while (budget > 0 && MoveNext(ref scan, out IndexLeaf leaf, out _, out _))
        {
            budget--;
            if (leaf.PastCount > 0)
            {
                budget -= leaf.Count;
                for (int position = leaf.Count - 1; position >= 0; position--)
                {
                    if (leaf.Slots[position].HasPast)
                        CompactAt(leaf, position, revision);
                }
            }

            isAnyKept = isAnyKept || IsAnyUpTo(leaf, revision);
            if (leaf.Count < IndexLeaf.KeysMin && _depth > 0)
                Shrink(leaf);
        }

        return isAnyKept;
    }

    /// <summary>Memory of keys and slots; what stands aside is not counted.</summary>
    public long MeasureBytes() => MeasureBytes(_root);

    private static long MeasureBytes(IndexNode node)
    {
        if (node is IndexLeaf leaf)
            return leaf.AllocatedBytes;

        long bytes = node.Keys.AllocatedBytes;
        foreach (IndexNode child in ((IndexBranch)node).Children)
            bytes += MeasureBytes(child) + IntPtr.Size;
        return bytes;
    }

    private static KeySlot Deletion(Revision revision) =>
        new() { Main = revision.Main, Sub = (int)revision.Sub, Version = KeySlot.DeletedVersion };

    private bool IsAnyUpTo(IndexLeaf leaf, long revision)
    {
        foreach (ref readonly KeySlot slot in leaf.Slots)
        {
            if (slot.Main <= revision || (slot.Past != KeySlot.NoPast && _past[slot.Past].BeginsBy(revision)))
                return true;
        }

        return false;
    }

    private IndexLeaf LeafOf(ReadOnlySpan<byte> key)
    {
        IndexNode node = _root;
        while (node is IndexBranch branch)
            node = branch.Children[branch.IndexOf(key)];
        return (IndexLeaf)node;
    }

    // As LeafOf, but leaves the way there in _path for who is about to change something.
    private IndexLeaf Descend(ReadOnlySpan<byte> key)
    {
        IndexNode node = _root;
        _depth = 0;
        while (node is IndexBranch branch)
        {
            int turn = branch.IndexOf(key);
            _path[_depth] = branch;
            _turns[_depth++] = turn;
            node = branch.Children[turn];
        }

        return (IndexLeaf)node;
    }

    private void Set(IndexLeaf leaf, ReadOnlySpan<byte> key, KeySlot slot)
    {
        if (leaf.Keys.Find(key, out int position))
        {
            Replace(leaf, ref leaf.Slots[position], slot);
            return;
        }

        slot.Past = KeySlot.NoPast;
        leaf.Insert(position, key, slot);
        leaf.PastCount += slot.HasPast ? 1 : 0;
        Summarize(leaf, slot.Main, slot.IsLive ? 1 : 0);
        if (leaf.IsOverfull)
            Split(leaf);
    }

    private void Replace(IndexLeaf leaf, ref KeySlot slot, in KeySlot next)
    {
        Invariant.Require(next.Main > slot.Main || (next.Main == slot.Main && next.Sub > slot.Sub));
        int born = (next.IsLive ? 1 : 0) - (slot.IsLive ? 1 : 0);
        leaf.PastCount += slot.HasPast ? 0 : 1;
        int past = slot.Past == KeySlot.NoPast ? _past.Add() : slot.Past;
        _past[past].Append(slot);
        slot = next;
        slot.Past = past;
        Summarize(leaf, slot.Main, born);
    }

    private void Summarize(IndexLeaf leaf, long main, int born)
    {
        leaf.NewestMain = Math.Max(leaf.NewestMain, main);
        leaf.Live += born;
        for (int level = 0; level < _depth; level++)
        {
            _path[level].NewestMain = Math.Max(_path[level].NewestMain, main);
            _path[level].Live += born;
        }
    }

    private void Split(IndexLeaf leaf)
    {
        IndexNode left = leaf;
        IndexNode right = leaf.Split(out byte[] separator);
        for (int level = _depth - 1; level >= 0; level--)
        {
            IndexBranch branch = _path[level];
            branch.Insert(_turns[level], separator, right);
            if (!branch.IsOverfull)
                return;

            left = branch;
            right = branch.Split(out separator);
        }

        Invariant.Require(_depth < DepthMax);
        _root = new IndexBranch(left, separator, right);
    }

    // What lies behind the leaf at the end of the path begins with the nearest separator on the right.
    private void PassLeaf(ref IndexScan scan)
    {
        for (int level = _depth - 1; level >= 0; level--)
        {
            if (_turns[level] < _path[level].Keys.Count)
            {
                scan.PassUpTo(_path[level].Keys, _turns[level]);
                return;
            }
        }

        scan.PassUpTo(_root.Keys, -1);
    }

    // Looks on the way down for children that begin where the walk stands and end within the range.
    private bool TryCountSubtrees(ref IndexScan scan, long atRevision, ref long counted)
    {
        IndexNode node = _root;
        bool beginsHere = scan.Next.IsEmpty;
        while (node is IndexBranch branch)
        {
            bool isFound = branch.Keys.Find(scan.Next, out int position);
            int first = isFound ? position + 1 : position;
            beginsHere = isFound || (beginsHere && first == 0);
            int turn = first;
            while (beginsHere && turn < branch.Keys.Count && branch.Children[turn].NewestMain <= atRevision &&
                scan.Reaches(branch.Keys, turn))
            {
                counted += branch.Children[turn++].Live;
            }

            if (turn > first)
            {
                scan.PassUpTo(branch.Keys, turn - 1);
                return true;
            }

            node = branch.Children[turn];
        }

        return false;
    }

    private void CompactAt(IndexLeaf leaf, int position, long revision)
    {
        ref KeySlot slot = ref leaf.Slots[position];
        if (!slot.IsLive && slot.Main < revision)
        {
            if (slot.Past != KeySlot.NoPast)
                _past.Remove(slot.Past);
            leaf.RemoveAt(position);
            leaf.PastCount--;
            return;
        }

        if (slot.Past == KeySlot.NoPast)
            return;

        PastRevisions past = _past[slot.Past];
        if (slot.Main > revision)
            past.Compact(revision);
        else if (slot.IsLive && past.EndsWithDeletionAt(revision))
            past.DropFirst(past.Count - 1);
        else
            past.DropFirst(past.Count);

        if (past.Count > 0)
            return;

        _past.Remove(slot.Past);
        slot.Past = KeySlot.NoPast;
        leaf.PastCount -= slot.IsLive ? 1 : 0;
    }

    // A leaf that lost most of its keys goes, or joins a neighbour under the same branch.
    private void Shrink(IndexLeaf leaf)
    {
        IndexBranch parent = _path[_depth - 1];
        int turn = _turns[_depth - 1];
        if (leaf.Count == 0)
        {
            RemoveChild(_depth - 1);
            return;
        }

        if (turn + 1 < parent.Children.Length && leaf.CanAbsorb((IndexLeaf)parent.Children[turn + 1]))
        {
            leaf.Absorb((IndexLeaf)parent.Children[turn + 1]);
            _turns[_depth - 1] = turn + 1;
            RemoveChild(_depth - 1);
        }
        else if (turn > 0 && ((IndexLeaf)parent.Children[turn - 1]).CanAbsorb(leaf))
        {
            ((IndexLeaf)parent.Children[turn - 1]).Absorb(leaf);
            RemoveChild(_depth - 1);
        }
    }

    private void RemoveChild(int level)
    {
        _path[level].RemoveAt(_turns[level]);
        if (_path[level].Children.Length == 0)
        {
            if (level == 0)
                _root = new IndexLeaf();
            else
                RemoveChild(level - 1);
        }

        while (_root is IndexBranch { Children.Length: 1 } root)
            _root = root.Children[0];
    }
}
