namespace Kv.Server.Startup;

/// <summary>A file outside of the data directory that remembers that there was data. A member whose volume was emptied
/// would start again as what it was when it first started, forget what it has voted and acknowledged, and answer all
/// the same. Flags cannot tell: a process that is started again is given the same ones.</summary>
internal static class DataMarker
{
    /// <exception cref="BootstrapException">There was data once.</exception>
    public static void RequireNone(string? path, string dataDirectory)
    {
        if (path is not null && File.Exists(path))
        {
            throw new BootstrapException(
                $"the data of this member is gone from {dataDirectory}: {path} says that it had some. It must not "
                + "start without it; remove it from its cluster and add a new one, or bring the data back");
        }
    }

    /// <summary>Leaves the file; to be called once there is data, and before anything is promised to anybody.</summary>
    public static void Leave(string? path)
    {
        if (path is null || File.Exists(path))
            return;
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        file.Flush(flushToDisk: true);
    }
}
