using System.Buffers;

namespace Kv.Store;

/// <summary>A walk over a range of the index, leaf by leaf. It remembers the key to go on with and nothing of the
/// tree, so the index may change between two steps: what is not yet passed is seen as it is then.</summary>
internal ref struct IndexScan
{
    private readonly ReadOnlySpan<byte> _end;
    private readonly bool _isOpenEnded;
    private ReadOnlySpan<byte> _next;
    private byte[]? _buffer;

    public IndexScan(KeyRange range)
    {
        Invariant.Require(!range.IsSingle);
        _end = range.End;
        _isOpenEnded = range.IsOpenEnded;
        _next = range.Key;
        IsDone = range.IsEmpty;
    }

    public bool IsDone { get; private set; }

    /// <summary>The first key that is not yet passed.</summary>
    public readonly ReadOnlySpan<byte> Next => _next;

    /// <summary>Whether the separator at <paramref name="index"/> lies within the range, or at its end.</summary>
    public readonly bool Reaches(in PackedKeys separators, int index) =>
        _isOpenEnded || separators.Compare(index, _end) <= 0;

    /// <summary>The slots of a leaf that lie in the range and are not yet passed.</summary>
    public readonly (int From, int To) Within(IndexLeaf leaf)
    {
        leaf.Keys.Find(_next, out int from);
        int to = leaf.Count;
        if (!_isOpenEnded)
            leaf.Keys.Find(_end, out to);
        return (from, to);
    }

    /// <summary>Passes all before the separator at <paramref name="index"/>, or, if that is negative, all there
    /// is.</summary>
    public void PassUpTo(in PackedKeys separators, int index)
    {
        if (index < 0 || !(_isOpenEnded || separators.Compare(index, _end) < 0))
        {
            IsDone = true;
            return;
        }

        int length = separators.LengthOf(index);
        if (_buffer is null || _buffer.Length < length)
        {
            Dispose();
            _buffer = ArrayPool<byte>.Shared.Rent(length);
        }

        separators.CopyTo(index, _buffer);
        _next = _buffer.AsSpan(0, length);
    }

    public void Dispose()
    {
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
    }
}
