using System.Buffers;

namespace Kv.Store;

/// <summary>A list of slices that may be long: grows by blocks from a pool, without copying, and keeps its small first
/// one.</summary>
internal sealed class SliceList
{
    private const int FirstCapacity = 16;
    private const int BlockBits = 12;
    private const int BlockMask = (1 << BlockBits) - 1;

    private readonly ValueSlice[] _first = new ValueSlice[FirstCapacity];
    private readonly List<ValueSlice[]> _blocks = [];

    public int Count { get; private set; }

    public ref readonly ValueSlice this[int index] => ref At(index);

    public void Add(in ValueSlice slice)
    {
        int beyond = Count - FirstCapacity;
        if (beyond >= 0 && beyond >> BlockBits == _blocks.Count)
            _blocks.Add(ArrayPool<ValueSlice>.Shared.Rent(1 << BlockBits));
        At(Count++) = slice;
    }

    public void Set(int index, in ValueSlice slice) => At(index) = slice;

    public void Truncate(int count) => Count = Math.Min(Count, count);

    public void Clear()
    {
        foreach (ValueSlice[] block in _blocks)
            ArrayPool<ValueSlice>.Shared.Return(block);
        _blocks.Clear();
        Count = 0;
    }

    private ref ValueSlice At(int index)
    {
        if (index < FirstCapacity)
            return ref _first[index];
        int beyond = index - FirstCapacity;
        return ref _blocks[beyond >> BlockBits][beyond & BlockMask];
    }
}
