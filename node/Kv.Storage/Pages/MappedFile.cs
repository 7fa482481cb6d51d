namespace Kv.Storage.Pages;

/// <summary>The file with its current mapping and its length, which runs ahead of what is used so that it seldom
/// changes. The writer's alone, but for <see cref="Read"/>.</summary>
internal sealed class MappedFile : IDisposable
{
    private readonly IFile _file;
    private readonly long _growBytes;

    public MappedFile(IFile file, PageFileOptions options)
    {
        _file = file;
        _growBytes = options.GrowBytes;
        Length = file.Length;
        View = new MappedView(file.Map(Math.Max(options.ReservedBytes, Length)));
    }

    public string Path => _file.Path;

    public long Length { get; private set; }

    public MappedView View { get; private set; }

    public int Read(long offset, Span<byte> destination) => _file.Read(offset, destination);

    public void Write(PageWriter pages)
    {
        pages.WriteTo(_file);
        _file.Sync();
    }

    public void Write(Meta meta)
    {
        byte[] page = new byte[meta.PageSize];
        meta.Write(page, meta.Slot);
        _file.Write((long)meta.Slot * meta.PageSize, page);
        _file.Sync();
    }

    /// <summary>Makes room for <paramref name="needed"/> bytes in the file.</summary>
    public void Grow(long needed)
    {
        if (needed <= Length)
            return;

        Length = needed + _growBytes;
        _file.SetLength(Length);
    }

    /// <summary>No reader and no meta page may reach anything from <paramref name="length"/> on.</summary>
    public void Shrink(long length)
    {
        Invariant.Require(length <= Length);
        _file.SetLength(length);
        Length = length;
    }

    /// <summary>Maps the file anew if it outgrew its mapping.</summary>
    public void Cover(long length)
    {
        if (length <= View.ReservedBytes)
            return;

        var larger = new MappedView(_file.Map(Math.Max(length, checked(View.ReservedBytes * 2))));
        View.Release();
        View = larger;
    }

    public void Dispose()
    {
        View.Release();
        _file.Dispose();
    }
}
