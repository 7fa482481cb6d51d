using Kv.Storage.Snap;

namespace Kv.Storage.Log;

/// <summary>One thing that <see cref="LogCheck"/> found.</summary>
/// <param name="IsDamage">Whether it keeps the node from starting; else it is to be known, no more.</param>
/// <param name="Place">File and offset.</param>
/// <param name="Finding">What is wrong, and how to proceed.</param>
public sealed record LogFinding(bool IsDamage, string Place, string Finding)
{
    public override string ToString() => $"{Place}: {Finding}";
}

/// <summary>Reads all there is of a log and of its snapshot files, and tells of everything that is wrong, each segment
/// on its own. Changes nothing.</summary>
public static class LogCheck
{
    /// <summary>Checks a log. What it says is summed up in <paramref name="summary"/>, unless damage hides
    /// it.</summary>
    public static IReadOnlyList<LogFinding> Run(IDisk disk, string directory, out LogSummary? summary)
    {
        var findings = new List<LogFinding>();
        summary = null;
        if (!LogReader.Exists(disk, directory))
        {
            findings.Add(Damage(directory, $"there is no log here (no *.wal file); {LogRemedy.Replace}"));
            return findings;
        }

        AddLeftovers(disk, directory, findings);
        IReadOnlyList<SegmentName> all = SegmentName.In(disk, directory);
        IReadOnlyList<SegmentName> newest = SegmentSet.Newest(disk, directory);
        if (newest.Count < all.Count)
        {
            findings.Add(Note(
                Path.Combine(directory, newest[0].ToString()),
                $"the segments before this one are missing, although {all.Count - newest.Count} older ones are there; "
                + "those are of no use and can be deleted"));
        }

        for (int i = 0; i < newest.Count; i++)
            Try(findings, () => AddFromSegment(disk, directory, newest[i], isLast: i == newest.Count - 1, findings));
        if (!findings.Exists(finding => finding.IsDamage))
            summary = ReadWhole(disk, directory, findings);
        return findings;
    }

    /// <summary>Checks the <c>.snap</c> files. A damaged one does not keep this node from starting, but may keep an
    /// older etcd from it.</summary>
    public static IReadOnlyList<LogFinding> RunSnaps(IDisk disk, string directory)
    {
        var findings = new List<LogFinding>();
        foreach (string name in SnapDirectory.Names(disk, directory))
        {
            string path = Path.Combine(directory, name);
            if (SnapDirectory.Load(disk, path, out string fault) is null)
                findings.Add(Note(path, $"{fault}; it can be deleted"));
        }

        return findings;
    }

    private static void AddLeftovers(IDisk disk, string directory, List<LogFinding> findings)
    {
        foreach (string name in disk.List(directory))
        {
            if (name.EndsWith(".broken", StringComparison.Ordinal))
            {
                findings.Add(Note(
                    Path.Combine(directory, name),
                    "a copy of a segment as a crash left it, made before its torn end was cut off; it can be deleted"));
            }
        }
    }

    private static void AddFromSegment(
        IDisk disk, string directory, SegmentName name, bool isLast, List<LogFinding> findings)
    {
        using IFile file = disk.Open(Path.Combine(directory, name.ToString()), FileAccessMode.Read);
        LogEnd end = new LogScan([file], new LogCollector(from: null), hasLaterSegments: !isLast).Run();
        if (end.TornBytes > 0)
        {
            findings.Add(Note(
                end.Place.ToString(),
                $"the last write before a crash is torn; its {end.TornBytes} bytes, which nobody was promised, will be "
                + "cut off at the next start"));
        }
    }

    /// <summary>Segments that are sound each must still continue each other, and the entries too.</summary>
    private static LogSummary? ReadWhole(IDisk disk, string directory, List<LogFinding> findings)
    {
        LogSummary? summary = null;
        Try(findings, () =>
        {
            summary = LogReader.Summarize(disk, directory);
            if (summary.Snapshots.Count == 0)
            {
                findings.Add(Damage(
                    directory, $"the log has no snapshot from which it could be read; {LogRemedy.Replace}"));
                return;
            }

            LogReader.Read(disk, directory, summary.Snapshots[^1]);
        });
        return summary;
    }

    private static void Try(List<LogFinding> findings, Action read)
    {
        try
        {
            read();
        }
        catch (CorruptDataException damage)
        {
            findings.Add(Damage(damage.Place, damage.Finding));
        }
    }

    private static LogFinding Damage(string place, string finding) => new(IsDamage: true, place, finding);

    private static LogFinding Note(string place, string finding) => new(IsDamage: false, place, finding);
}
