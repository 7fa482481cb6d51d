using Kv.Storage;

namespace Kv.Testing;

/// <summary>An open file of a <see cref="SimulatedDisk"/>, of no more use once that has crashed.</summary>
internal sealed class SimulatedFile(SimulatedDisk disk, SimulatedContent content, string path, FileAccessMode mode)
    : IFile
{
    private readonly int _life = disk.Life;

    public string Path => path;

    public long Length => Guarded(static content => content.Length);

    public int Read(long offset, Span<byte> destination)
    {
        lock (disk.Gate)
        {
            disk.RequireAlive(_life);
            return content.Read(offset, destination);
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        lock (disk.Gate)
        {
            RequireWritable();
            int fits = (int)disk.BeginWrite(_life, content, offset, source.Length);
            if (fits > 0)
                content.Write(offset, source[..fits]);
            disk.End(path, isWhole: fits == source.Length);
        }
    }

    public void SetLength(long length)
    {
        lock (disk.Gate)
        {
            RequireWritable();
            disk.Begin(_life);
            content.SetLength(length);
            disk.End(path);
        }
    }

    public void Preallocate(long length)
    {
        lock (disk.Gate)
        {
            RequireWritable();
            long fits = disk.BeginWrite(_life, content, offset: 0, length);
            if (fits == length)
                content.Preallocate(length);
            disk.End(path, isWhole: fits == length);
        }
    }

    public void Sync()
    {
        lock (disk.Gate)
        {
            if (disk.BeginSync(_life))
                content.Sync();
            else
                content.FailSync();
            disk.End(path);
        }
    }

    public bool TryLock()
    {
        lock (disk.Gate)
        {
            disk.RequireAlive(_life);
            content.LockedBy ??= this;
            return content.LockedBy == this;
        }
    }

    public IFileView Map(long reservedBytes) => Guarded(content => content.Map(reservedBytes));

    public void Dispose()
    {
        lock (disk.Gate)
        {
            if (content.LockedBy == this)
                content.LockedBy = null;
        }
    }

    private T Guarded<T>(Func<SimulatedContent, T> ask)
    {
        lock (disk.Gate)
        {
            disk.RequireAlive(_life);
            return ask(content);
        }
    }

    private void RequireWritable()
    {
        if (mode == FileAccessMode.Read)
            throw new IOException($"write {path}: opened for reading");
    }
}
