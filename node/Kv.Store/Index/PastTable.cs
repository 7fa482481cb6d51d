namespace Kv.Store;

/// <summary>The earlier revisions of those keys that have some, by number. A number in the slot of a key takes half the
/// room of a reference, and leaves the collector nothing to follow there. Grows block by block, as copying
/// a table of millions would stop the lane.</summary>
internal sealed class PastTable
{
    private const int BlockBits = 12;
    private const int BlockMask = (1 << BlockBits) - 1;

    private readonly List<PastRevisions?[]> _blocks = [];
    private readonly Stack<int> _free = new();
    private int _next;

    public PastRevisions this[int number] => _blocks[number >> BlockBits][number & BlockMask]!;

    public int Add()
    {
        if (!_free.TryPop(out int number))
        {
            number = _next++;
            if (number >> BlockBits == _blocks.Count)
                _blocks.Add(new PastRevisions?[1 << BlockBits]);
        }

        _blocks[number >> BlockBits][number & BlockMask] = new PastRevisions();
        return number;
    }

    public void Remove(int number)
    {
        _blocks[number >> BlockBits][number & BlockMask] = null;
        _free.Push(number);
    }
}
