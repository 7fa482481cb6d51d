namespace Kv.Raft;

/// <summary>The appends that were sent to one follower and not acknowledged yet: for each its last index and its size.
/// An acknowledgement covers all before it, so this is a queue, and a ring that grows to its bound only where the
/// follower is far away.</summary>
internal sealed class Inflights(int countMax, long bytesMax)
{
    private const int RingLengthMin = 8;

    private (ulong LastIndex, long Bytes)[] _ring = new (ulong, long)[Math.Min(RingLengthMin, countMax)];
    private int _start;
    private long _bytes;

    public int Count { get; private set; }

    public bool IsFull => Count == countMax || _bytes >= bytesMax;

    public void Add(ulong lastIndex, long bytes)
    {
        Invariant.Require(!IsFull);
        if (Count == _ring.Length)
            Grow();

        _ring[(_start + Count) % _ring.Length] = (lastIndex, bytes);
        Count++;
        _bytes += bytes;
    }

    public void FreeThrough(ulong index)
    {
        while (Count > 0 && _ring[_start].LastIndex <= index)
        {
            _bytes -= _ring[_start].Bytes;
            _start = (_start + 1) % _ring.Length;
            Count--;
        }
    }

    public void Clear()
    {
        Count = 0;
        _bytes = 0;
        _start = 0;
    }

    private void Grow()
    {
        var larger = new (ulong, long)[Math.Min(2 * _ring.Length, countMax)];
        for (int i = 0; i < Count; i++)
            larger[i] = _ring[(_start + i) % _ring.Length];
        _ring = larger;
        _start = 0;
    }
}
