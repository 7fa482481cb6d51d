namespace Kv.Server.Snapshots;

/// <summary>The content of an object, asked for again from where it broke off when the connection does: a large one
/// takes long enough for that to happen.</summary>
/// <param name="open">Opens the content from an offset on.</param>
/// <param name="length">Of the whole content, in bytes.</param>
/// <param name="retryMax">How many times in a row nothing may come before the connection breaks.</param>
internal sealed class S3ReadStream(Func<long, CancellationToken, Task<Stream>> open, long length, int retryMax)
    : ForwardStream
{
    private Stream? _current;
    private long _position;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (int failures = 0; _position < length && buffer.Length > 0;)
        {
            try
            {
                _current ??= await open(_position, cancellationToken);
                int count = await _current.ReadAsync(buffer, cancellationToken);
                if (count == 0)
                    throw new EndOfStreamException($"the content ended at {_position} of {length} bytes");
                _position += count;
                return count;
            }
            catch (Exception fault) when (fault is IOException or HttpRequestException)
            {
                if (_current is null || ++failures > retryMax)
                    throw fault as IOException ?? new IOException(fault.Message, fault);
                await _current.DisposeAsync();
                _current = null;
            }
        }

        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _current?.Dispose();
        base.Dispose(disposing);
    }
}
