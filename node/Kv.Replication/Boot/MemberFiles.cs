using System.Globalization;

namespace Kv.Replication;

/// <summary>Where a member keeps its files; the names are etcd's.
/// <code>
/// data-dir/member/wal/                     the write-ahead log, unless it has a directory of its own
///                /snap/db                  the page file
///                     /term-index.snap     the membership at a snapshot of the log
///                     /index.snap.db       a page file that came from the leader
/// </code></summary>
public sealed class MemberFiles(string dataDirectory, string walDirectory = "")
{
    public string Root => dataDirectory;

    public string Log { get; } =
        walDirectory.Length > 0 ? walDirectory : Path.Combine(dataDirectory, "member", "wal");

    public string Snapshots { get; } = Path.Combine(dataDirectory, "member", "snap");

    public string PageFile => Path.Combine(Snapshots, "db");

    public string ReceivedPageFile(ulong index) =>
        Path.Combine(Snapshots, index.ToString("x16", CultureInfo.InvariantCulture) + ".snap.db");
}
