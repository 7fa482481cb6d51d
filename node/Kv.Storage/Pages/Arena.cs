using System.Runtime.InteropServices;

namespace Kv.Storage.Pages;

/// <summary>Memory of one write transaction, given out in order and taken back all at once. Outside the managed heap,
/// so that keys in it and keys in the mapped file are told apart by nobody, and nothing is scanned or moved. What it
/// holds at the end of a transaction is kept for the next, up to a limit.</summary>
internal sealed unsafe class Arena(int chunkBytes, long keepBytesMax) : IDisposable
{
    private readonly List<Chunk> _chunks = [];
    private int _current = -1;
    private int _used;

    /// <summary>Memory that holds whatever it held before. Pieces taken one after the other mostly lie one after the
    /// other.</summary>
    public byte* Take(int bytes)
    {
        if (_current < 0 || _chunks[_current].Bytes - _used < bytes)
            NextChunk(bytes);

        byte* piece = _chunks[_current].Start + (uint)_used;
        _used += bytes;
        return piece;
    }

    public byte* Copy(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        byte* piece = Take(checked(first.Length + second.Length));
        first.CopyTo(new Span<byte>(piece, first.Length));
        second.CopyTo(new Span<byte>(piece + (uint)first.Length, second.Length));
        return piece;
    }

    public void Reset()
    {
        long kept = 0;
        for (int index = 0; index < _chunks.Count; index++)
        {
            var chunk = _chunks[index];

            // Chunks made to measure for a large value are of use to no other.
            bool keep = chunk.Bytes == chunkBytes && kept + chunk.Bytes <= keepBytesMax;
            if (keep)
                kept += chunk.Bytes;
            else
                NativeMemory.Free(chunk.Start);
            _chunks[index] = keep ? chunk : default;
        }

        _chunks.RemoveAll(static chunk => chunk.Bytes == 0);
        _current = -1;
        _used = 0;
    }

    public void Dispose()
    {
        foreach (var chunk in _chunks)
            NativeMemory.Free(chunk.Start);
        _chunks.Clear();
        _current = -1;
    }

    private void NextChunk(int bytes)
    {
        _used = 0;
        if (_current + 1 < _chunks.Count && bytes <= chunkBytes)
        {
            _current++;
            return;
        }

        int size = Math.Max(bytes, chunkBytes);
        var made = new Chunk((byte*)NativeMemory.Alloc((nuint)size), size);
        _current++;
        _chunks.Insert(_current, made);
    }

    private readonly struct Chunk(byte* start, int bytes)
    {
        public readonly byte* Start = start;
        public readonly int Bytes = bytes;
    }
}
