namespace Kv.Storage.Log;

/// <summary>Which files of a directory a log is to be read from.</summary>
internal static class SegmentSet
{
    /// <summary>The segments from the last one that begins at or before <paramref name="index"/>, without a
    /// gap.</summary>
    public static IReadOnlyList<SegmentName> From(IDisk disk, string directory, ulong index)
    {
        IReadOnlyList<SegmentName> all = All(disk, directory);
        int first = all.Count - 1;
        while (first >= 0 && all[first].FirstIndex > index)
            first--;
        if (first < 0)
        {
            CorruptDataException.Throw(
                directory,
                $"the log begins with {all[0]}, which holds entries from {all[0].FirstIndex} on, but is to be read "
                + $"from {index}: earlier segments are missing; {LogRemedy.Replace}");
        }

        for (int i = first + 1; i < all.Count; i++)
            RequireNext(directory, all[i - 1], all[i]);
        return [.. all.Skip(first)];
    }

    /// <summary>All segments that no gap parts from the last one.</summary>
    public static IReadOnlyList<SegmentName> Newest(IDisk disk, string directory)
    {
        IReadOnlyList<SegmentName> all = All(disk, directory);
        int first = all.Count - 1;
        while (first > 0 && all[first - 1].Sequence + 1 == all[first].Sequence)
            first--;
        return [.. all.Skip(first)];
    }

    public static IReadOnlyList<IFile> Open(
        IDisk disk, string directory, IReadOnlyList<SegmentName> names, FileAccessMode mode)
    {
        var files = new List<IFile>(names.Count);
        try
        {
            foreach (SegmentName name in names)
                files.Add(disk.Open(Path.Combine(directory, name.ToString()), mode));
            return files;
        }
        catch (IOException)
        {
            Close(files);
            throw;
        }
    }

    public static void Close(IReadOnlyList<IFile> files)
    {
        foreach (IFile file in files)
            file.Dispose();
    }

    private static IReadOnlyList<SegmentName> All(IDisk disk, string directory)
    {
        IReadOnlyList<SegmentName> all = SegmentName.In(disk, directory);
        if (all.Count == 0)
            CorruptDataException.Throw(directory, $"there is no log here (no *.wal file); {LogRemedy.Replace}");
        return all;
    }

    private static void RequireNext(string directory, SegmentName before, SegmentName after)
    {
        if (before.Sequence + 1 == after.Sequence)
            return;
        CorruptDataException.Throw(
            directory,
            $"{after.Sequence - before.Sequence - 1} segments are missing between {before} and {after}, and with them "
            + $"entries up to {after.FirstIndex - 1}; {LogRemedy.Replace}");
    }
}
