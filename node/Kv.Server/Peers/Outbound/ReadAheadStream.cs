namespace Kv.Server.Peers.Outbound;

/// <summary>Reads from the socket in large pieces. The HTTP client reads a chunked response in pieces of 4 KiB, which
/// on a stream of entries would be one call of the kernel for each; so it is given these from memory.</summary>
internal sealed class ReadAheadStream(Stream inner) : ForwardStream
{
    private const int BufferBytes = 64 * 1024;

    private byte[]? _buffer;
    private int _start;
    private int _end;

    public override bool CanWrite => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_start < _end)
            return ValueTask.FromResult(Take(buffer.Span));

        if (buffer.Length is 0 or >= BufferBytes)
            return inner.ReadAsync(buffer, cancellationToken);
        return FillAsync(buffer, cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        _start < _end ? Take(buffer.AsSpan(offset, count)) : inner.Read(buffer, offset, count);

    public override ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> FillAsync(Memory<byte> buffer, CancellationToken cancelled)
    {
        _buffer ??= GC.AllocateUninitializedArray<byte>(BufferBytes);
        _start = 0;
        _end = await inner.ReadAsync(_buffer, cancelled);
        return Take(buffer.Span);
    }

    private int Take(Span<byte> destination)
    {
        int length = Math.Min(destination.Length, _end - _start);
        _buffer.AsSpan(_start, length).CopyTo(destination);
        _start += length;
        return length;
    }
}
