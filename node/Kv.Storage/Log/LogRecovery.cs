namespace Kv.Storage.Log;

/// <summary>Makes the last segment fit to append to after a crash, in an order in which another crash does no
/// harm.</summary>
internal static class LogRecovery
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Returns the path of the copy that was made if the end was torn.</summary>
    public static string? MakeSound(IDisk disk, string directory, IFile last, LogEnd end, long segmentBytes)
    {
        string? backup = null;
        if (end.TornBytes > 0)
        {
            backup = TryBackUp(disk, directory, last, end.Place.Offset + end.TornBytes);
            last.SetLength(end.Place.Offset);
            last.Sync(); // before it grows again: what was cut off must not come back
        }

        TryReserve(last, segmentBytes);
        WriteAgain(last, end.SyncedTo, end.Place.Offset);
        last.Sync();

        // The file may have got its name just before the crash.
        disk.SyncDirectory(directory);
        disk.SyncDirectory(Path.GetDirectoryName(directory)!);
        return backup;
    }

    // A full disk may be why the end is torn, and is no reason to give up: what is torn was promised to nobody.
    private static string? TryBackUp(IDisk disk, string directory, IFile source, long length)
    {
        string path = source.Path + ".broken";
        try
        {
            using IFile copy = disk.Open(path, FileAccessMode.Create);
            Copy(source, copy, 0, length);
            copy.Sync();
            disk.SyncDirectory(directory);
            return path;
        }
        catch (DiskFullException)
        {
            disk.DeleteFile(path);
            return null;
        }
    }

    private static void TryReserve(IFile file, long segmentBytes)
    {
        try
        {
            if (file.Length < segmentBytes)
                file.Preallocate(segmentBytes);
        }
        catch (DiskFullException)
        {
            // Then the file grows as it is written, for as long as there is room.
        }
    }

    /// <summary>Writes what may never have been synced once more. If it was a failed sync that ended the last run, the
    /// kernel shows what was written but holds it for clean: no sync would save it.</summary>
    private static void WriteAgain(IFile file, long start, long end) => Copy(file, file, start, end);

    private static void Copy(IFile source, IFile target, long start, long end)
    {
        byte[] chunk = new byte[(int)Math.Min(ChunkBytes, end - start)];
        for (long at = start; at < end; at += chunk.Length)
        {
            int count = source.Read(at, chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - at)));
            target.Write(at, chunk.AsSpan(0, count));
        }
    }
}
