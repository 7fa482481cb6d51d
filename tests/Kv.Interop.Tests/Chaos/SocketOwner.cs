using System.Globalization;

namespace Kv.Interop.Tests.Chaos;

/// <summary>Finds out which member a connection comes from: the kernel says which socket is at its other end, and
/// /proc which process holds that one. A member's process is known by its data directory, which stands in its command
/// line.</summary>
public sealed class SocketOwner(IReadOnlyDictionary<string, string> directories)
{
    private const int LocalColumn = 1;
    private const int RemoteColumn = 2;
    private const int InodeColumn = 9;

    /// <summary>The name of the member; null if it is none of them, or gone.</summary>
    /// <param name="localPort">Of the other end.</param>
    /// <param name="remotePort">Of this end.</param>
    public string? Find(int localPort, int remotePort)
    {
        if (FindInode(localPort, remotePort) is not { } inode)
            return null;
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            bool isProcess = int.TryParse(Path.GetFileName(process), NumberStyles.None, null, out _);
            if (isProcess && NameOf(process) is { } name && Holds(process, $"socket:[{inode}]"))
                return name;
        }

        return null;
    }

    private static string? FindInode(int localPort, int remotePort)
    {
        string local = ":" + localPort.ToString("X4", CultureInfo.InvariantCulture);
        string remote = ":" + remotePort.ToString("X4", CultureInfo.InvariantCulture);
        foreach (string line in File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6")))
        {
            string[] columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length > InodeColumn
                && columns[LocalColumn].EndsWith(local, StringComparison.Ordinal)
                && columns[RemoteColumn].EndsWith(remote, StringComparison.Ordinal))
            {
                return columns[InodeColumn];
            }
        }

        return null;
    }

    private string? NameOf(string process)
    {
        try
        {
            string[] words = File.ReadAllText(Path.Combine(process, "cmdline")).Split('\0');
            return directories.FirstOrDefault(each => words.Contains(each.Value)).Key;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool Holds(string process, string socket)
    {
        try
        {
            return Directory.EnumerateFiles(Path.Combine(process, "fd"))
                .Any(file => new FileInfo(file).LinkTarget == socket);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
