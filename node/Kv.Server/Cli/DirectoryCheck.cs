using System.Buffers.Binary;
using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Pages;

namespace Kv.Server.Cli;

/// <summary>Looks at all files of a node that is not running, and says what is wrong, where, and how to proceed; also
/// at what they say of each other: log and page file together must know every entry.
/// <code>
/// log         first ........................ last
/// page file   .............. consistent index             at least first - 1, at most last
/// </code></summary>
internal sealed class DirectoryCheck(IDisk disk, string dataDirectory, string? walDirectory)
{
    private readonly List<LogFinding> _findings = [];
    private readonly MemberFiles _files = new(dataDirectory, walDirectory ?? "");

    /// <summary>Whether anything keeps the node from starting.</summary>
    public bool FoundDamage => _findings.Exists(finding => finding.IsDamage);

    public ResultTable Run()
    {
        if (!disk.DirectoryExists(_files.Snapshots))
            throw new CommandFailedException($"there is no data in {dataDirectory}");
        RefuseIfRunning();

        ulong? applied = CheckPages();
        _findings.AddRange(LogCheck.Run(disk, _files.Log, out var summary));
        _findings.AddRange(LogCheck.RunSnaps(disk, _files.Snapshots));
        if (applied is { } index && summary is not null)
            Compare(summary, index);

        return new ResultTable(
            [new("damage", "Damage", "damage"), new("place", "Place", "place"), new("finding", "Finding", "finding")],
            [
                .. _findings.Select(finding => new Cell[]
                {
                    new(finding.IsDamage, finding.IsDamage ? "damage" : "note"), new(finding.Place),
                    new(finding.Finding),
                }),
            ],
            IsList: true);
    }

    private string PagePath => _files.PageFile;

    private void RefuseIfRunning()
    {
        if (!disk.FileExists(PagePath))
            return;
        using var file = disk.Open(PagePath, FileAccessMode.Read);
        if (!file.TryLock())
            throw new CommandFailedException($"{PagePath} is in use by another process: stop the node first");
    }

    /// <summary>The index of the last entry that the page file has taken in; null if it cannot be told.</summary>
    private ulong? CheckPages()
    {
        if (!disk.FileExists(PagePath))
        {
            AddDamage(PagePath, "the page file is missing; restore from a snapshot (kv-node snapshot restore)");
            return null;
        }

        try
        {
            using var pages = PageFile.Open(disk, PagePath, new PageFileOptions { ReadOnly = true });
            var report = pages.Verify();
            foreach (var fault in report.Faults)
                AddDamage($"{PagePath}, page {fault.Page}", fault.Finding);
            return report.IsClean ? ReadApplied(pages) : null;
        }
        catch (CorruptDataException damage)
        {
            AddDamage(damage.Place, damage.Finding);
            return null;
        }
    }

    private static ulong? ReadApplied(PageFile pages)
    {
        using var read = pages.BeginRead();
        return read.TryOpenBucket("meta"u8, out var meta)
            && meta.TryGet("consistent_index"u8, out ReadOnlySpan<byte> index)
            ? BinaryPrimitives.ReadUInt64BigEndian(index)
            : null;
    }

    private void Compare(LogSummary summary, ulong applied)
    {
        if (applied > summary.LastIndex)
        {
            AddDamage(_files.Log,
                $"the log ends at entry {summary.LastIndex}, but the page file has taken in entry {applied}: the end "
                + "of the log is lost. Restore from a snapshot, or start anew from the page file with "
                + $"kv-node snapshot restore --skip-hash-check {PagePath}");
        }

        if (applied + 1 < summary.FirstIndex)
        {
            AddDamage(PagePath,
                $"the page file has taken in entry {applied}, but the log begins at {summary.FirstIndex}: what "
                + "lies between is lost. Restore from a snapshot (kv-node snapshot restore)");
        }
    }

    private void AddDamage(string place, string finding) =>
        _findings.Add(new LogFinding(IsDamage: true, place, finding));
}
