using System.Globalization;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Hostile;

/// <summary>What a node holds of its machine's resources at one moment.</summary>
/// <param name="MemoryBytes">Memory of its own: without what it has mapped of files.</param>
/// <param name="Descriptors">Files and sockets that are open.</param>
public sealed record NodeCost(long MemoryBytes, int Descriptors)
{
    private const string Anonymous = "RssAnon:";

    public static NodeCost Of(NodeProcess node)
    {
        string line = File.ReadAllLines($"/proc/{node.Id}/status")
            .First(line => line.StartsWith(Anonymous, StringComparison.Ordinal));
        long kilobytes = long.Parse(line[Anonymous.Length..].Replace("kB", "").Trim(), CultureInfo.InvariantCulture);
        return new NodeCost(kilobytes * 1024, Directory.GetFileSystemEntries($"/proc/{node.Id}/fd").Length);
    }
}
