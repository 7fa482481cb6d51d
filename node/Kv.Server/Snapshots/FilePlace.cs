using System.Text.Json;
using Kv.Storage;

namespace Kv.Server.Snapshots;

/// <summary>A file of a mounted volume.
/// <code>
/// name.db            the content; made by renaming, so it is whole
/// name.db.label      whose it is: made before name.db, and without meaning until that is there
/// .name.db.partial   what is being written; locked by its writer, taken over when that is gone
/// </code></summary>
internal sealed class FilePlace(string path) : ISnapshotPlace
{
    private static readonly RealDisk Disk = new();

    private readonly string _folder = Path.GetDirectoryName(path)!;
    private readonly string _label = path + ".label";
    private readonly string _partial =
        Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.partial");

    public string Location { get; } = new UriBuilder { Scheme = "file", Host = "", Path = path }.Uri.AbsoluteUri;

    public Task<PlacedSnapshot?> FindAsync(CancellationToken stop) => Task.FromResult(Find());

    public Task<Stream> ReadAsync(CancellationToken stop) => Guarded<Stream>(() => Task.FromResult<Stream>(
        new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true)));

    public Task WriteAsync(Stream content, SnapshotLabel label, CancellationToken stop) => Guarded(async () =>
    {
        if (IsThere(label.OwnerUid))
            return true;
        Disk.CreateDirectory(_folder);
        await using (var partial = OpenPartial(FileMode.OpenOrCreate))
        {
            // Whoever held it a moment ago may have renamed it, and then this is the finished file.
            if (IsThere(label.OwnerUid))
                return true;
            partial.SetLength(0);
            await new SettledWriter(partial).CopyAsync(content, stop);
            if (partial.Length != label.Size)
                throw new IOException($"{Location}: the content has {partial.Length} bytes in place of {label.Size}");
            partial.Flush(flushToDisk: true);
            WriteLabel(label);

            // By now somebody else may have put something there, which is not replaced.
            if (!IsThere(label.OwnerUid))
                File.Move(_partial, path, overwrite: false);
        }

        Disk.SyncDirectory(_folder);
        return true;
    });

    public Task DeleteAsync(string ownerUid, CancellationToken stop) => Guarded(() =>
    {
        // The label goes last: without it, a second attempt would not know that the content was ours.
        if (IsThere(ownerUid))
        {
            File.Delete(path);
            Disk.SyncDirectory(_folder);
        }

        if (!Directory.Exists(_folder))
            return Task.FromResult(true);
        if (ReadLabel()?.OwnerUid == ownerUid)
            File.Delete(_label);
        if (File.Exists(_partial))
        {
            using var partial = OpenPartial(FileMode.Open);
            File.Delete(_partial);
        }

        Disk.SyncDirectory(_folder);
        return Task.FromResult(true);
    });

    public void Dispose()
    {
    }

    private PlacedSnapshot? Find()
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;

        // A label that says another size was made for something else that has stood there.
        SnapshotLabel? label = ReadLabel();
        return PlacedSnapshot.Of(file.Length, label?.Size == file.Length ? label : null);
    }

    private bool IsThere(string ownerUid)
    {
        PlacedSnapshot? found = Find();
        ForeignSnapshotException.ThrowIfForeign(Location, found, ownerUid);
        return found is not null;
    }

    /// <summary>Two that write at the same time, such as a pod that was given up and its successor, would mix what they
    /// write.</summary>
    private FileStream OpenPartial(FileMode mode)
    {
        try
        {
            return new FileStream(_partial, mode, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
        }
        catch (IOException) when (File.Exists(_partial))
        {
            throw new IOException($"{Location} is being written by another process, which holds {_partial}");
        }
    }

    private void WriteLabel(SnapshotLabel label)
    {
        string fresh = Path.Combine(_folder, $".{Path.GetFileName(path)}.label.partial");
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, label, SnapshotJson.Default.SnapshotLabel);
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, _label, overwrite: true);
        Disk.SyncDirectory(_folder);
    }

    private SnapshotLabel? ReadLabel()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(_label), SnapshotJson.Default.SnapshotLabel);
        }
        catch (Exception fault) when (
            fault is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    private static async Task<T> Guarded<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new IOException(fault.Message, fault);
        }
    }
}
