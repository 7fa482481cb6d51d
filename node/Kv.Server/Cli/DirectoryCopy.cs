using Kv.Storage;

namespace Kv.Server.Cli;

/// <summary>Copies the data directory of a node that is not running, to be kept before something is done to it that
/// cannot be undone. The copy has its name only when it is whole and on the disk; one that is there is not made
/// again.</summary>
internal sealed class DirectoryCopy(IDisk disk, Func<string, long> freeBytesAt)
{
    private const int ChunkBytes = 1 << 20;

    /// <returns>False if the copy is there already.</returns>
    /// <exception cref="CommandFailedException">There is nothing to copy, or no room for it.</exception>
    public bool Run(string from, string to)
    {
        string source = Path.TrimEndingDirectorySeparator(Path.GetFullPath(from));
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(to));
        if ($"{target}/".StartsWith($"{source}/", StringComparison.Ordinal))
            throw new CommandFailedException($"{target} is inside of {source}");
        if (disk.DirectoryExists(target))
            return false;
        if (!disk.DirectoryExists(source) || disk.List(source).Count == 0)
            throw new CommandFailedException($"{source} has no data to copy");

        string parent = Path.GetDirectoryName(target)!;
        string partial = target + ".partial";
        disk.CreateDirectory(parent);
        if (disk.DirectoryExists(partial))
            disk.DeleteDirectory(partial);
        RoomCheck.Require(freeBytesAt(parent), BytesOf(source), parent);

        CopyDirectory(source, partial);
        disk.Rename(partial, target);
        disk.SyncDirectory(parent);
        return true;
    }

    private long BytesOf(string path)
    {
        if (disk.DirectoryExists(path))
            return disk.List(path).Sum(name => BytesOf(Path.Combine(path, name)));
        using IFile file = disk.Open(path, FileAccessMode.Read);
        return file.Length;
    }

    private void CopyDirectory(string source, string target)
    {
        disk.CreateDirectory(target);
        foreach (string name in disk.List(source))
        {
            string path = Path.Combine(source, name);
            if (disk.DirectoryExists(path))
                CopyDirectory(path, Path.Combine(target, name));
            else
                CopyFile(path, Path.Combine(target, name));
        }

        disk.SyncDirectory(target);
    }

    private void CopyFile(string source, string target)
    {
        using IFile from = disk.Open(source, FileAccessMode.Read);
        using IFile to = disk.Open(target, FileAccessMode.Create);
        byte[] chunk = new byte[ChunkBytes];
        long offset = 0;
        for (int count; (count = from.Read(offset, chunk)) > 0; offset += count)
            to.Write(offset, chunk.AsSpan(0, count));
        to.Sync();
    }
}
