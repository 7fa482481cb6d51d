namespace Kv.Storage.Log;

/// <summary>Makes the directory of a new log, all at once as far as a crash can tell.</summary>
internal static class LogBirth
{
    private const string TouchTest = ".touch";

    public static void Create(
        IDisk disk, string directory, OpenSegments segments, ReadOnlySpan<byte> head, long segmentBytes)
    {
        RequireFree(disk, directory);
        string building = directory + ".tmp";
        if (disk.DirectoryExists(building))
            disk.DeleteDirectory(building);
        disk.CreateDirectory(building);

        var name = new SegmentName(Sequence: 0, FirstIndex: 0);
        using (IFile file = disk.Open(Path.Combine(building, name.ToString()), FileAccessMode.Create))
        {
            file.Preallocate(segmentBytes);
            file.Write(0, head);
            file.Sync();
        }

        disk.SyncDirectory(building);
        disk.Rename(building, directory);
        disk.SyncDirectory(Path.GetDirectoryName(directory)!);
        segments.Add(name, disk.Open(Path.Combine(directory, name.ToString()), FileAccessMode.ReadWrite));
    }

    // Only what is known to be of no worth may be replaced: someone may have moved a damaged log aside, within here.
    private static void RequireFree(IDisk disk, string directory)
    {
        if (!disk.DirectoryExists(directory))
            return;
        foreach (string name in disk.List(directory))
        {
            if (name != TouchTest && !name.EndsWith(".tmp", StringComparison.Ordinal))
                throw new IOException($"create {directory}: it holds no log, but {name}; move that away");
        }

        disk.DeleteDirectory(directory);
    }
}
