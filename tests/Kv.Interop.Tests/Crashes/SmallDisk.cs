using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Crashes;

/// <summary>A file system of a given size, in memory; only root can make one.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    /// <summary>Null if this process may not mount.</summary>
    public static async Task<SmallDisk?> CreateAsync(string path, int megabytes)
    {
        Directory.CreateDirectory(path);
        ProgramRun mount = await ProgramRun.StartAsync(
            "mount",
            ["-t", "tmpfs", "-o", $"size={megabytes}m", "none", path]);
        return mount.Succeeded ? new SmallDisk(path) : null;
    }

    public async Task GrowAsync(int megabytes)
    {
        ProgramRun mount = await ProgramRun.StartAsync("mount", ["-o", $"remount,size={megabytes}m", Path]);
        mount.MustSucceed();
    }

    public async ValueTask DisposeAsync() => await ProgramRun.StartAsync("umount", [Path]);
}
