namespace Kv.Store;

/// <summary>Where an encoded KeyValue lies: in the mapped page file, or in a batch that is not yet in it. Good for as
/// long as the view is held that found it. 16 bytes, as a large range keeps one for each of its keys.</summary>
internal readonly struct ValueSlice
{
    /// <summary>Stands for memory of the answer itself.</summary>
    public const int OwnBatch = (1 << BatchBits) - 1;

    private const int BatchBits = 8;
    private const int InPages = -1;

    private readonly long _position;
    private readonly int _source;

    public unsafe ValueSlice(ReadOnlySpan<byte> mapped)
    {
        fixed (byte* start = mapped)
            _position = (long)start;
        Length = mapped.Length;
        _source = InPages;
    }

    public ValueSlice(int batch, PendingBytes place)
    {
        Invariant.Require(batch <= OwnBatch);
        _position = place.Offset;
        Length = place.Length;
        _source = (place.Chunk << BatchBits) | batch;
    }

    public int Length { get; }

    public bool IsInPages => _source == InPages;

    public int Batch => _source & OwnBatch;

    public PendingBytes Place => new(_source >> BatchBits, (int)_position, Length);

    public unsafe ReadOnlySpan<byte> Mapped => new((byte*)_position, Length);
}
