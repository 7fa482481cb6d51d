namespace Kv.Storage.Pages;

/// <summary>The pages that a transaction will write, as bytes. Pages are mostly numbered and made in the same order,
/// so neighbours in the file are neighbours in memory too and leave in one write.</summary>
internal sealed unsafe class PageWriter(int pageSize) : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private const long KeepBytesMax = 16L << 20;

    private readonly Arena _memory = new(ChunkBytes, KeepBytesMax);
    private readonly List<Image> _images = [];

    public int PageCount { get; private set; }

    /// <summary>The bytes of pages <paramref name="start"/> and following, to be filled by the caller, all of
    /// them.</summary>
    public Span<byte> Add(PageId start, int count)
    {
        int bytes = checked(count * pageSize);
        var image = new Image(start.Value, _memory.Take(bytes), bytes);
        _images.Add(image);
        PageCount += count;
        return new Span<byte>(image.Start, bytes);
    }

    public void WriteTo(IFile file)
    {
        _images.Sort(static (left, right) => left.Page.CompareTo(right.Page));
        int next = 0;
        while (next < _images.Count)
        {
            var first = _images[next++];
            int bytes = first.Bytes;
            while (next < _images.Count && Follows(_images[next], first, bytes))
                bytes += _images[next++].Bytes;
            file.Write(checked((long)first.Page * pageSize), new ReadOnlySpan<byte>(first.Start, bytes));
        }
    }

    public void Reset()
    {
        _images.Clear();
        _memory.Reset();
        PageCount = 0;
    }

    public void Dispose() => _memory.Dispose();

    private bool Follows(Image image, Image first, int bytes) =>
        image.Start == first.Start + (uint)bytes
        && image.Page == first.Page + (ulong)(bytes / pageSize)
        && bytes <= int.MaxValue - image.Bytes;

    private readonly struct Image(ulong page, byte* start, int bytes)
    {
        public readonly ulong Page = page;
        public readonly byte* Start = start;
        public readonly int Bytes = bytes;
    }
}
