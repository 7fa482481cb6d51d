using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Replication;
using Kv.Storage;

namespace Kv.Server.Cli;

/// <summary>Restores a snapshot that comes from elsewhere so that it may be tried again and again, and be ended at any
/// moment: all is made beside the data directory, in one that is called <c>.partial</c>, and takes its place when it is
/// whole and on the disk. A data directory that is there is never touched, so a member that starts again keeps
/// what it has.</summary>
internal sealed class StagedRestore(IDisk disk, RestoreOptions options, Func<string, long> freeBytesAt)
{
    /// <summary>A file in the data directory that says what it was restored from.</summary>
    public const string MarkerName = "restored-from.json";

    /// <summary>Besides the pages there is a log, whose files are reserved in whole, the next one ahead.</summary>
    private const long LogBytes = 2 * 64_000_000;

    private readonly string _data = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.DataDirectory));

    private string Partial => _data + ".partial";

    /// <param name="from">What to call the snapshot.</param>
    /// <param name="open">Opens it: its content, and its bytes if they are known beforehand.</param>
    /// <param name="cancelled">Ends it half-way; the next run begins anew.</param>
    /// <returns>False if the data directory is there already.</returns>
    /// <exception cref="CommandFailedException">It is no sound snapshot, or there is no room for it.</exception>
    public async Task<bool> RunAsync(
        string from, Func<Task<(Stream Content, long? Bytes)>> open, CancellationToken cancelled)
    {
        if (options.WalDirectory.Length > 0)
            throw new CommandFailedException("--wal-dir cannot be used with --from");
        if (disk.DirectoryExists(_data) && disk.List(_data).Count > 0)
            return false;

        string parent = Path.GetDirectoryName(_data)!;
        disk.CreateDirectory(parent);
        if (disk.DirectoryExists(Partial))
            disk.DeleteDirectory(Partial);

        (Stream content, long? bytes) = await open();
        await using (content)
        {
            RoomCheck.Require(freeBytesAt(parent), (bytes ?? 0) + LogBytes, parent);
            disk.CreateDirectory(Partial);
            await using var hashed = new HashedStream(content);
            string hash = await new SnapshotRestore(disk, options with { DataDirectory = Partial })
                .RunAsync(hashed, from, cancelled);
            RequireAsked(from, hashed.TakeHash());
            WriteMarker(from, hash);
        }

        var files = new MemberFiles(Partial);
        foreach (string directory in new[]
            { files.Log, files.Snapshots, Path.GetDirectoryName(files.Snapshots)!, Partial })
        {
            disk.SyncDirectory(directory);
        }

        if (disk.DirectoryExists(_data))
            disk.DeleteDirectory(_data); // it is empty
        disk.Rename(Partial, _data);
        disk.SyncDirectory(parent);
        return true;
    }

    /// <summary>A sound snapshot may be another than the one that was asked for: what stands at a place can be
    /// replaced, and its checksum is in the same file.</summary>
    private void RequireAsked(string from, string sha256)
    {
        if (options.Sha256.Length > 0 && options.Sha256 != sha256)
        {
            throw new CommandFailedException(
                $"{from} is not the snapshot that was asked for: its sha256 is {sha256}, in place of {options.Sha256}");
        }
    }

    private void WriteMarker(string from, string hash)
    {
        var text = new JsonObject
        {
            ["from"] = from,
            ["sha256"] = hash,
            ["bumpRevision"] = options.BumpRevision.ToString(CultureInfo.InvariantCulture),
        };
        using IFile marker = disk.Open(Path.Combine(Partial, MarkerName), FileAccessMode.Create);
        marker.Write(0, Encoding.UTF8.GetBytes(text.ToJsonString() + "\n"));
        marker.Sync();
    }
}
