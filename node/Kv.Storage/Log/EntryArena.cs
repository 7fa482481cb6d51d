namespace Kv.Storage.Log;

/// <summary>Keeps copies of many small runs of bytes in few large arrays. Entries are read together and forgotten
/// together, so no array is kept alive for long by one of them.</summary>
internal sealed class EntryArena
{
    private const int ChunkBytes = 256 * 1024;

    private byte[] _chunk = [];
    private int _used;

    public ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > ChunkBytes / 4)
            return bytes.ToArray();
        if (bytes.Length > _chunk.Length - _used)
        {
            _chunk = new byte[ChunkBytes];
            _used = 0;
        }

        Memory<byte> copy = _chunk.AsMemory(_used, bytes.Length);
        bytes.CopyTo(copy.Span);
        _used += bytes.Length;
        return copy;
    }
}
