namespace Kv.Store;

/// <summary>The bytes of one batch, appended by one thread and read by any that was told where to look. Chunks belong
/// to the garbage collector, as events of the batch may outlive it; they are small enough to die young, and the first
/// ones smaller still, for stores that see a write now and then.</summary>
internal sealed class PendingArena
{
    private const int FirstChunkBytes = 4 << 10;
    private const int LastChunkBytes = 64 << 10;

    // Larger values get a chunk of their own, so that what is left of the current one is not lost.
    private const int OwnChunkBytes = 8 << 10;

    private byte[][] _chunks = [];
    private int _count;
    private int _current = -1;
    private int _used;

    public long Bytes { get; private set; }

    public Span<byte> Take(int length, out PendingBytes place)
    {
        Bytes += length;
        if (_current >= 0 && _chunks[_current].Length - _used >= length)
        {
            place = new PendingBytes(_current, _used, length);
            _used += length;
        }
        else if (length > OwnChunkBytes)
        {
            place = new PendingBytes(AddChunk(length), 0, length);
        }
        else
        {
            int next = _current < 0 ? FirstChunkBytes : Math.Min(_chunks[_current].Length * 2, LastChunkBytes);
            _current = AddChunk(Math.Max(next, length));
            place = new PendingBytes(_current, 0, length);
            _used = length;
        }

        return _chunks[place.Chunk].AsSpan(place.Offset, length);
    }

    public PendingBytes Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Take(bytes.Length, out PendingBytes place));
        return place;
    }

    public ReadOnlySpan<byte> Span(PendingBytes place) =>
        _chunks[place.Chunk].AsSpan(place.Offset, place.Length);

    public ReadOnlyMemory<byte> Memory(PendingBytes place) =>
        _chunks[place.Chunk].AsMemory(place.Offset, place.Length);

    private int AddChunk(int bytes)
    {
        if (_count == _chunks.Length)
            Array.Resize(ref _chunks, (_count * 2) + 2);
        _chunks[_count] = GC.AllocateUninitializedArray<byte>(bytes);
        return _count++;
    }
}
