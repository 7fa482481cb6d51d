namespace Kv.Storage.Log;

/// <summary>Reads a log without changing it, whoever wrote it: etcd 3.4 to 3.7, or this node. Throws a
/// <see cref="CorruptDataException"/> if it is damaged; a torn end is no damage.</summary>
public static class LogReader
{
    /// <summary>Whether there is a log: this is what tells a restart from a first start.</summary>
    public static bool Exists(IDisk disk, string directory) =>
        disk.DirectoryExists(directory) && SegmentName.In(disk, directory).Count > 0;

    /// <summary>Reads all there is, to learn from which snapshots the log can be read.</summary>
    public static LogSummary Summarize(IDisk disk, string directory)
    {
        IReadOnlyList<SegmentName> names = SegmentSet.Newest(disk, directory);
        var collector = new LogCollector(from: null);
        Scan(disk, directory, names, collector);
        return collector.Summarize(names[0].FirstIndex);
    }

    public static LogContents Read(IDisk disk, string directory, LogSnapshot from)
    {
        IReadOnlyList<SegmentName> names = SegmentSet.From(disk, directory, from.Index);
        var collector = new LogCollector(from);
        LogEnd end = Scan(disk, directory, names, collector);
        LogTornTail? torn = end.TornBytes > 0 ? new LogTornTail(end.Place, end.TornBytes, Backup: null) : null;
        return collector.Finish(names[0].FirstIndex, end.Place, torn);
    }

    private static LogEnd Scan(
        IDisk disk, string directory, IReadOnlyList<SegmentName> names, LogCollector collector)
    {
        IReadOnlyList<IFile> files = SegmentSet.Open(disk, directory, names, FileAccessMode.Read);
        try
        {
            return new LogScan(files, collector).Run();
        }
        finally
        {
            SegmentSet.Close(files);
        }
    }
}
