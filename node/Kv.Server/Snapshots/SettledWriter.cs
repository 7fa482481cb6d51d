namespace Kv.Server.Snapshots;

/// <summary>Writes a large file in step with its disk. Left to itself the kernel keeps much of it back and then writes
/// it all at once, and a member on the same disk that has to sync its log waits behind that.</summary>
internal sealed class SettledWriter(FileStream file)
{
    private const int ChunkBytes = 1 << 20;
    private const int UnsettledMaxBytes = 1 << 20;

    private int _unsettled;

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        await file.WriteAsync(bytes, stop);
        _unsettled += bytes.Length;
        if (_unsettled < UnsettledMaxBytes)
            return;
        file.Flush(flushToDisk: true);
        _unsettled = 0;
    }

    /// <summary>Writes all that is left of <paramref name="content"/>. The last part is not synced.</summary>
    public async Task CopyAsync(Stream content, CancellationToken stop)
    {
        byte[] chunk = new byte[ChunkBytes];
        for (int read; (read = await content.ReadAsync(chunk, stop)) > 0;)
            await WriteAsync(chunk.AsMemory(0, read), stop);
    }
}
