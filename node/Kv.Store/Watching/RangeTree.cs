namespace Kv.Store.Watching;

/// <summary>Ranges, found by a key that lies in them: a balanced (AVL) tree by where they start, each node knowing the
/// furthest end below it, so that a search leaves out every subtree that ends before the key.</summary>
internal sealed class RangeTree
{
    private Node? _root;

    public int Count { get; private set; }

    /// <summary>Adds to <paramref name="found"/> every range that <paramref name="key"/> lies in.</summary>
    public void Find(ReadOnlySpan<byte> key, List<WatchedRange> found) => Find(_root, key, found);

    public bool Touches(ReadOnlySpan<byte> key) => Touches(_root, key);

    /// <summary>The range with these bounds, added if there was none.</summary>
    public WatchedRange GetOrAdd(WatchRange range)
    {
        var added = new WatchedRange(range);
        WatchedRange result = added;
        _root = Insert(_root, added, ref result);
        if (result == added)
            Count++;
        return result;
    }

    public WatchedRange? Get(WatchRange range)
    {
        byte[]? end = range.IsOpenEnded ? null : range.RangeEnd;
        Node? node = _root;
        while (node is not null)
        {
            int order = Compare(range.Key, end, node.Range);
            if (order == 0)
                return node.Range;
            node = order < 0 ? node.Left : node.Right;
        }

        return null;
    }

    public void Remove(WatchedRange range)
    {
        _root = Remove(_root, range);
        Count--;
    }

    private static void Find(Node? node, ReadOnlySpan<byte> key, List<WatchedRange> found)
    {
        while (node is not null && LiesBefore(key, node.FurthestEnd))
        {
            Find(node.Left, key, found);
            if (key.SequenceCompareTo(node.Range.Start) < 0)
                return;
            if (LiesBefore(key, node.Range.End))
                found.Add(node.Range);
            node = node.Right;
        }
    }

    private static bool Touches(Node? node, ReadOnlySpan<byte> key)
    {
        while (node is not null && LiesBefore(key, node.FurthestEnd))
        {
            if (Touches(node.Left, key))
                return true;
            if (key.SequenceCompareTo(node.Range.Start) < 0)
                return false;
            if (LiesBefore(key, node.Range.End))
                return true;
            node = node.Right;
        }

        return false;
    }

    private static Node Insert(Node? node, WatchedRange added, ref WatchedRange result)
    {
        if (node is null)
            return new Node(added);

        int order = Compare(added.Start, added.End, node.Range);
        if (order == 0)
        {
            result = node.Range;
            return node;
        }

        if (order < 0)
            node.Left = Insert(node.Left, added, ref result);
        else
            node.Right = Insert(node.Right, added, ref result);
        return node.Balanced();
    }

    private static Node? Remove(Node? node, WatchedRange range)
    {
        Invariant.Require(node is not null);
        int order = Compare(range.Start, range.End, node.Range);
        if (order < 0)
            node.Left = Remove(node.Left, range);
        else if (order > 0)
            node.Right = Remove(node.Right, range);
        else if (node.Left is null || node.Right is null)
            return node.Left ?? node.Right;
        else
            return node.WithoutOwnRange();
        return node.Balanced();
    }

    private static bool LiesBefore(ReadOnlySpan<byte> key, byte[]? end) =>
        end is null || key.SequenceCompareTo(end) < 0;

    private static int Compare(byte[] start, byte[]? end, WatchedRange other)
    {
        int order = start.AsSpan().SequenceCompareTo(other.Start);
        return order != 0 ? order : CompareEnds(end, other.End);
    }

    private static int CompareEnds(byte[]? left, byte[]? right) => (left, right) switch
    {
        (null, null) => 0,
        (null, _) => 1,
        (_, null) => -1,
        _ => left.AsSpan().SequenceCompareTo(right),
    };

    private sealed class Node(WatchedRange range)
    {
        private int _height = 1;

        public WatchedRange Range { get; private set; } = range;

        public byte[]? FurthestEnd { get; private set; } = range.End;

        public Node? Left { get; set; }

        public Node? Right { get; set; }

        private int Lean => (Left?._height ?? 0) - (Right?._height ?? 0);

        /// <summary>Takes the next range in order in place of its own, which must be gone from below then.</summary>
        public Node WithoutOwnRange()
        {
            Node next = Right!;
            while (next.Left is not null)
                next = next.Left;
            Range = next.Range;
            Right = Remove(Right, next.Range);
            return Balanced();
        }

        public Node Balanced()
        {
            if (Lean > 1)
            {
                if (Left!.Lean < 0)
                    Left = Left.RotatedLeft();
                return RotatedRight();
            }

            if (Lean < -1)
            {
                if (Right!.Lean > 0)
                    Right = Right.RotatedRight();
                return RotatedLeft();
            }

            return Measured();
        }

        private Node RotatedLeft()
        {
            Node top = Right!;
            Right = top.Left;
            top.Left = Measured();
            return top.Measured();
        }

        private Node RotatedRight()
        {
            Node top = Left!;
            Left = top.Right;
            top.Right = Measured();
            return top.Measured();
        }

        private Node Measured()
        {
            _height = 1 + Math.Max(Left?._height ?? 0, Right?._height ?? 0);
            FurthestEnd = Further(Range.End, Further(FurthestOf(Left), FurthestOf(Right)));
            return this;
        }

        // A missing subtree ends before all keys, which an empty end says.
        private static byte[]? FurthestOf(Node? node) => node is null ? [] : node.FurthestEnd;

        private static byte[]? Further(byte[]? left, byte[]? right) => CompareEnds(left, right) >= 0 ? left : right;
    }
}
