namespace Kv.Store;

/// <summary>What has been applied and is not yet in the page file, in order. The apply lane appends; any thread that
/// holds it may look for rows. Rows come in the order of their revisions, so finding one is a binary search, and what
/// is counted is never touched again: a reader that sees a count sees all that it counts.</summary>
internal sealed class PendingBatch
{
    private const int BlockBits = 8;
    private const int BlockMask = (1 << BlockBits) - 1;

    private readonly PendingArena _arena = new();
    private readonly List<PendingOperation> _operations = [];
    private PendingRow[][] _blocks = [];
    private int _rowCount;

    /// <summary>The last entry that this batch has all of; 0 before the first.</summary>
    public ulong ConsistentIndex { get; set; }

    public ulong Term { get; set; }

    /// <summary>To be called once this batch is in the page file.</summary>
    public List<Action> Committed { get; } = [];

    /// <summary>Tells those who wait, once. The commit lane's.</summary>
    public void TellCommitted()
    {
        foreach (Action committed in Committed)
            committed();
        Committed.Clear();
    }

    public int RowCount => Volatile.Read(ref _rowCount);

    public int OperationCount => _rowCount + _operations.Count;

    public long Bytes => _arena.Bytes;

    public PendingArena Arena => _arena;

    public IReadOnlyList<PendingOperation> Operations => _operations;

    public void AddRow(Revision revision, bool isDelete, PendingBytes value)
    {
        int count = _rowCount;
        Invariant.Require(count == 0 || Row(count - 1).Revision < revision);
        if (count >> BlockBits == _blocks.Length)
            Array.Resize(ref _blocks, (_blocks.Length * 2) + 1);
        ref PendingRow[]? block = ref _blocks[count >> BlockBits]!;
        block ??= new PendingRow[1 << BlockBits];
        block[count & BlockMask] = new PendingRow(revision, isDelete, value);
        Volatile.Write(ref _rowCount, count + 1);
    }

    public void AddOperation(StoreBucket bucket, bool isDelete, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        _operations.Add(new PendingOperation(bucket, isDelete, _arena.Add(key), _arena.Add(value)));

    /// <summary>A row below a <see cref="RowCount"/> that the caller has read.</summary>
    public ref readonly PendingRow Row(int index) => ref _blocks[index >> BlockBits][index & BlockMask];

    /// <summary>The first row that is not before <paramref name="revision"/>.</summary>
    public int Seek(Revision revision)
    {
        int low = 0;
        int high = RowCount;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (Row(middle).Revision < revision)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    public bool TryFind(Revision revision, out PendingBytes value)
    {
        int index = Seek(revision);
        if (index < RowCount && Row(index).Revision == revision)
        {
            value = Row(index).Value;
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>The last that was done to a key of another bucket, if anything was.</summary>
    public bool TryFind(StoreBucket bucket, ReadOnlySpan<byte> key, out PendingOperation last)
    {
        for (int index = _operations.Count - 1; index >= 0; index--)
        {
            last = _operations[index];
            if (last.Bucket == bucket && _arena.Span(last.Key).SequenceEqual(key))
                return true;
        }

        last = default;
        return false;
    }
}
