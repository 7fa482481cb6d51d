namespace Kv.Storage.Log;

/// <summary>What a log says when it is read from a snapshot on.</summary>
/// <param name="Metadata">Whose it is.</param>
/// <param name="State">Term, vote and commit as last written.</param>
/// <param name="From">The snapshot it was read from.</param>
/// <param name="Entries">All entries after that, without gaps.</param>
/// <param name="Snapshots">The snapshots it tells of that are not beyond the commit index, oldest first.</param>
/// <param name="FirstIndex">The lowest index that the files still there may hold.</param>
/// <param name="TornTail">What a crash left of the last write, if it did; nobody was promised it.</param>
public sealed record LogContents(
    LogMetadata Metadata,
    LogState State,
    LogSnapshot From,
    IReadOnlyList<LogEntry> Entries,
    IReadOnlyList<LogSnapshot> Snapshots,
    ulong FirstIndex,
    LogTornTail? TornTail)
{
    public ulong LastIndex => Entries.Count > 0 ? Entries[^1].Index : From.Index;

    public ulong LastTerm => Entries.Count > 0 ? Entries[^1].Term : From.Term;
}

/// <summary>What there is to know of a log before choosing the snapshot to read it from.</summary>
/// <param name="Metadata">Whose it is.</param>
/// <param name="State">Term, vote and commit as last written.</param>
/// <param name="Snapshots">The snapshots it tells of that are not beyond the commit index, oldest first.</param>
/// <param name="FirstIndex">The lowest index that the files still there may hold.</param>
/// <param name="LastIndex">The last entry, or a snapshot beyond it.</param>
public sealed record LogSummary(
    LogMetadata Metadata,
    LogState State,
    IReadOnlyList<LogSnapshot> Snapshots,
    ulong FirstIndex,
    ulong LastIndex);

/// <summary>The torn end of a log. <paramref name="Backup"/> is the copy of the file that was made before it was cut
/// off, or null if the log was only read.</summary>
public sealed record LogTornTail(LogPlace Place, long Bytes, string? Backup);
