using System.Buffers;
using System.IO.Pipelines;
using Kv.Grpc.Wire;

namespace Kv.Grpc;

/// <summary>Takes the bytes of one message straight into the pipe of the response. The message's length goes before it
/// and is usually known only after it, so room is left for the prefix and filled in at the end; nothing has left by
/// then, as the pipe is not flushed.
/// A message too large to be held is announced by <see cref="DeclareLength"/>: its prefix then goes first, and
/// <see cref="FlushAsync"/> lets what there is leave and waits until the client has made room for more.</summary>
public sealed class MessageWriter : IBufferWriter<byte>
{
    private const int ChunkBytes = 512;
    private const long Undeclared = -1;

    private PipeWriter? _pipe;
    private ArrayBufferWriter<byte>? _staging;
    private bool _compresses;
    private Memory<byte> _chunk;
    private Memory<byte> _prefix;
    private int _used;
    private long _taken;
    private long _declared = Undeclared;

    internal MessageWriter() => Context = new WritingContext(this);

    /// <summary>Bytes of the message so far.</summary>
    public long Length => _taken + _used - (_prefix.IsEmpty ? 0 : MessageFrame.PrefixBytes);

    internal WritingContext Context { get; }

    /// <summary>Whether the pipe has had anything of this call.</summary>
    internal bool HasSent { get; private set; }

    internal bool IsDeclared => _declared != Undeclared;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_chunk.Length - _used < Math.Max(sizeHint, 1))
            NextChunk(sizeHint);
        return _chunk[_used..];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_chunk.Length - _used));
        _used += count;
    }

    /// <summary>Says how long the message will be, before any of it is written.</summary>
    public void DeclareLength(long bytes)
    {
        Invariant.Require(Length == 0 && bytes is >= 0 and <= uint.MaxValue);
        if (_compresses)
            return; // the compressed length is the one that counts, and is not known before all is there

        _ = GetMemory();
        MessageFrame.WritePrefix(_prefix.Span, isCompressed: false, (uint)bytes);
        _declared = bytes;
    }

    /// <summary>Lets go what has been written of a message of declared length. Completes when the client has taken
    /// enough of it; throws if it has gone away.</summary>
    public async ValueTask FlushAsync()
    {
        Invariant.Require(IsDeclared || _compresses);
        if (_compresses)
            return;

        HandOver();
        FlushResult flushed = await _pipe!.FlushAsync();
        if (flushed.IsCompleted)
            throw new OperationCanceledException("The client takes no more of the answer.");
    }

    internal void Start(PipeWriter pipe, bool compresses)
    {
        _pipe = pipe;
        _compresses = compresses;
        HasSent = false;
        Clear();
        if (compresses)
            _staging = new ArrayBufferWriter<byte>();
    }

    /// <summary>Ends the message and gives its bytes to the pipe. Returns its length before compression.</summary>
    internal long Finish()
    {
        if (_prefix.IsEmpty)
            NextChunk(sizeHint: 0);

        long length = Length;
        if (_compresses)
        {
            FinishCompressed();
            return length;
        }

        if (IsDeclared)
            Invariant.Require(length == _declared);
        else
            MessageFrame.WritePrefix(_prefix.Span, isCompressed: false, checked((uint)length));
        HandOver();
        Clear();
        return length;
    }

    /// <summary>Takes back what has been written, if the pipe has nothing of it yet.</summary>
    internal bool TryDiscard()
    {
        if (_taken > 0 && !_compresses)
            return false;
        _staging?.ResetWrittenCount();
        Clear();
        return true;
    }

    /// <summary>Gives the message up so that the call can end with another status than OK. False: the client has been
    /// promised bytes that will not come, and only a reset can end the call.</summary>
    internal bool TryAbandon()
    {
        if (TryDiscard())
            return true;
        if (IsDeclared)
            return false;

        // The pipe has part of it and keeps what it has. As a message it is whole, and a client takes no message from
        // a unary call that failed.
        MessageFrame.WritePrefix(_prefix.Span, isCompressed: false, checked((uint)Length));
        HandOver();
        Clear();
        return true;
    }

    private void FinishCompressed()
    {
        _staging!.Advance(_used);
        ReadOnlyMemory<byte> compressed = Gzip.Compress(_staging.WrittenSpan[MessageFrame.PrefixBytes..]);
        int total = MessageFrame.PrefixBytes + compressed.Length;
        Span<byte> span = _pipe!.GetSpan(total);
        MessageFrame.WritePrefix(span, isCompressed: true, (uint)compressed.Length);
        compressed.Span.CopyTo(span[MessageFrame.PrefixBytes..]);
        SendToPipe(total);
        _staging.ResetWrittenCount();
        Clear();
    }

    private void NextChunk(int sizeHint)
    {
        HandOver();
        int wanted = Math.Max(sizeHint, ChunkBytes);
        IBufferWriter<byte> sink = _compresses ? _staging! : _pipe!;
        if (!_prefix.IsEmpty)
        {
            _chunk = sink.GetMemory(wanted);
            return;
        }

        _chunk = sink.GetMemory(wanted + MessageFrame.PrefixBytes);
        _prefix = _chunk[..MessageFrame.PrefixBytes];
        _used = MessageFrame.PrefixBytes;
    }

    private void HandOver()
    {
        if (_used > 0)
        {
            if (_compresses)
                _staging!.Advance(_used);
            else
                SendToPipe(_used);
            _taken += _used;
        }

        _chunk = default;
        _used = 0;
    }

    private void SendToPipe(int bytes)
    {
        _pipe!.Advance(bytes);
        HasSent = true;
    }

    private void Clear()
    {
        _chunk = default;
        _prefix = default;
        _used = 0;
        _taken = 0;
        _declared = Undeclared;
    }
}
