using System.Buffers;

namespace Kv.Store;

/// <summary>The answer to a range, as places where encoded KeyValues lie: in the mapped page file, in batches not yet
/// in it, or (for answers without values) in memory of its own. <see cref="CopyTo"/> makes the <c>RangeResponse</c> of
/// it piece by piece, so an answer of any size takes 16 bytes per key and the caller's buffer. Until it is disposed
/// it keeps the pages it needs from being used again. For one thread at a time; pooled, so not to be touched once
/// disposed.</summary>
public sealed class RangeReply : IDisposable
{
    private const int KeyValuesField = 2;
    private const int MoreField = 3;
    private const int CountField = 4;
    private const int StreamField = 1;
    private const int PrefixBytesMax = 6;
    private const int TailBytesMax = 2 + 11;
    private const long PlaceBytes = 16;

    private static readonly ReplyPool<RangeReply> Pool = new(static () => new RangeReply());

    private readonly SliceList _slices = new();
    private readonly byte[] _ends = new byte[PrefixBytesMax + ReplyHeader.BytesMax + TailBytesMax];
    private StoreView? _view;
    private PendingArena? _own;
    private long _keyValueBytes;
    private int _headLength;
    private int _tailLength;
    private int _next;
    private long _offset;
    private int _isRented;

    private RangeReply()
    {
    }

    /// <summary>Why there is no answer, if so.</summary>
    public KvError Error { get; internal set; }

    /// <summary>The store's revision when it was read.</summary>
    public long Revision { get; internal set; }

    /// <summary>Keys in the range, whatever the limit and the filters.</summary>
    public long Count { get; internal set; }

    /// <summary>Whether the limit kept back some.</summary>
    public bool More { get; internal set; }

    /// <summary>Keys in the answer.</summary>
    public int KeyCount => _slices.Count;

    /// <summary>The size of the encoded message.</summary>
    public long EncodedBytes => _headLength + _keyValueBytes + _tailLength;

    /// <summary>Memory that this takes until it is disposed of: a place for each key, and what is stored
    /// nowhere.</summary>
    public long HeldBytes => (_slices.Count * PlaceBytes) + (_own is null ? 0 : _keyValueBytes);

    /// <summary>An encoded KeyValue of the answer; good until this is disposed.</summary>
    public ReadOnlySpan<byte> KeyValue(int index) => Read(_slices[index]);

    /// <summary>Encodes the next bytes of the message; 0 once all of it has been given.</summary>
    public int CopyTo(Span<byte> destination)
    {
        int copied = 0;
        while (copied < destination.Length && _next <= _slices.Count + 1)
        {
            if (!CopyPiece(destination, ref copied))
                break;
            _next++;
            _offset = 0;
        }

        return copied;
    }

    /// <summary>Writes what is left of the message; for answers of which the size is known to be modest.</summary>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        while (true)
        {
            int copied = CopyTo(writer.GetSpan(1));
            if (copied == 0)
                return;
            writer.Advance(copied);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isRented, 0) == 0)
            return;
        if (_view is { } view)
            Backend.Release(view);
        _view = null;
        _own = null;
        _slices.Clear();
        _keyValueBytes = 0;
        _headLength = 0;
        _tailLength = 0;
        Pool.Return(this);
    }

    internal static RangeReply Rent()
    {
        RangeReply reply = Pool.Rent();
        reply.Error = KvError.None;
        reply.Revision = 0;
        reply.Count = 0;
        reply.More = false;
        reply._next = 0;
        reply._offset = 0;
        reply._isRented = 1;
        return reply;
    }

    internal SliceList Slices => _slices;

    /// <summary>Takes over a view that the caller holds.</summary>
    internal void Own(StoreView view) => _view = view;

    /// <summary>Memory for KeyValues that are stored nowhere.</summary>
    internal PendingArena OwnArena => _own ??= new PendingArena();

    internal ReadOnlySpan<byte> Read(ValueSlice slice) =>
        slice.Batch == ValueSlice.OwnBatch && !slice.IsInPages ? _own!.Span(slice.Place) : _view!.Read(slice);

    /// <summary>Encodes all around the KeyValues, once they are known.</summary>
    internal void Seal(in ReplyHeader header)
    {
        MeasureKeyValues();
        var writer = new ProtoWriter(_ends);
        header.Write(ref writer, Revision);
        _headLength = writer.Written;
        SealTail();
    }

    /// <summary>The same as a message of a stream, which has the answer in a field of its own. Only the last one has
    /// header, more and count.</summary>
    internal void SealForStream(in ReplyHeader header, bool isLast)
    {
        MeasureKeyValues();
        _tailLength = 0;
        if (isLast)
            SealTail();

        int headerLength = isLast ? header.SizeOf(Revision) : 0;
        var writer = new ProtoWriter(_ends);
        writer.Begin(StreamField, headerLength + _keyValueBytes + _tailLength);
        if (isLast)
            header.Write(ref writer, Revision);
        _headLength = writer.Written;
    }

    private Span<byte> Tail => _ends.AsSpan(_ends.Length - TailBytesMax);

    private void MeasureKeyValues()
    {
        _keyValueBytes = 0;
        for (int index = 0; index < _slices.Count; index++)
            _keyValueBytes += ProtoWriter.SizeOfMessage(_slices[index].Length);
    }

    private void SealTail()
    {
        var writer = new ProtoWriter(Tail);
        writer.Number(MoreField, More ? 1 : 0);
        writer.Number(CountField, Count);
        _tailLength = writer.Written;
    }

    // Pieces: 0 is what stands before the KeyValues, then come they, then what stands behind. False if it did not fit.
    private bool CopyPiece(Span<byte> destination, ref int copied)
    {
        if (_next == 0)
            return CopyPart(_ends.AsSpan(0, _headLength), 0, destination, ref copied);
        if (_next > _slices.Count)
            return CopyPart(Tail[.._tailLength], 0, destination, ref copied);

        ref readonly ValueSlice slice = ref _slices[_next - 1];
        Span<byte> prefix = stackalloc byte[PrefixBytesMax];
        var writer = new ProtoWriter(prefix);
        writer.Begin(KeyValuesField, slice.Length);
        return CopyPart(prefix[..writer.Written], 0, destination, ref copied) &&
            CopyPart(Read(slice), writer.Written, destination, ref copied);
    }

    // Copies what is left of one part of a piece, which begins at `start` in it.
    private bool CopyPart(ReadOnlySpan<byte> part, int start, Span<byte> destination, ref int copied)
    {
        ReadOnlySpan<byte> left = part[(int)Math.Clamp(_offset - start, 0, part.Length)..];
        int fits = Math.Min(left.Length, destination.Length - copied);
        left[..fits].CopyTo(destination[copied..]);
        copied += fits;
        _offset += fits;
        return fits == left.Length;
    }
}
