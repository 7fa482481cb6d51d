using System.Globalization;
using Kv.Sandbox.Kubelet;

namespace Kv.Sandbox.Commands;

/// <summary>The folder of a sandbox, and how to find out whether one runs in it and to end all of it. Processes are
/// known by a variable that each of them was started with, so that even those of a sandbox that was killed are
/// found.</summary>
internal sealed class SandboxFolder(string path)
{
    private const string Mark = "KV_SANDBOX";
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Kubeconfig => System.IO.Path.Combine(Path, "kubeconfig");

    /// <summary>What a sandbox in the background prints.</summary>
    public string Output => System.IO.Path.Combine(Path, "output.log");

    /// <summary>The process of the sandbox itself; null if none runs.</summary>
    public int? Owner =>
        File.Exists(OwnerFile)
        && int.TryParse(File.ReadAllText(OwnerFile), CultureInfo.InvariantCulture, out int id)
        && Marked().Contains(id)
            ? id
            : null;

    /// <summary>Whether the folder holds something that is no sandbox's, and so is not to be touched.</summary>
    public bool IsForeign => File.Exists(Path)
        || (Directory.Exists(Path) && !File.Exists(OwnerFile) && Directory.EnumerateFileSystemEntries(Path).Any());

    private string OwnerFile => System.IO.Path.Combine(Path, "pid");

    /// <summary>Makes the folder anew for a process, without what an earlier sandbox left that was killed.</summary>
    /// <exception cref="IOException">There is something in it that is no sandbox's.</exception>
    public async Task BeginAsync()
    {
        if (IsForeign)
            throw new IOException($"{Path} holds other things than a sandbox; give an empty --directory.");
        await EndAsync();
        Directory.CreateDirectory(Path);
        Own(Environment.ProcessId);
    }

    /// <summary>Writes down which process the sandbox is.</summary>
    public void Own(int processId) => File.WriteAllText(OwnerFile, $"{processId}");

    /// <summary>Ends all processes of the sandbox: first its own, which ends the others, then what is left.</summary>
    /// <returns>Whether there was any.</returns>
    public async Task<bool> EndAsync()
    {
        bool hasAny = Marked().Count > 0 || File.Exists(OwnerFile);
        if (Owner is { } owner)
        {
            SystemCalls.Send(owner, SystemCalls.Term);
            await UntilAsync(() => Owner is null);
        }

        foreach (int left in Marked())
            SystemCalls.Send(left, SystemCalls.Kill);
        await UntilAsync(() => Marked().Count == 0);
        Remove();
        return hasAny;
    }

    public void Remove()
    {
        if (Directory.Exists(Path) && !IsForeign)
            Directory.Delete(Path, recursive: true);
    }

    /// <summary>All processes that were started for the sandbox, this one excepted.</summary>
    private List<int> Marked()
    {
        List<int> found = [];
        string wanted = $"{Mark}={Path}";
        foreach (string entry in Directory.EnumerateDirectories("/proc"))
        {
            bool isProcess = int.TryParse(
                System.IO.Path.GetFileName(entry), CultureInfo.InvariantCulture, out int id);
            if (!isProcess || id == Environment.ProcessId)
                continue;
            try
            {
                if (File.ReadAllText(System.IO.Path.Combine(entry, "environ")).Split('\0').Contains(wanted))
                    found.Add(id);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // It has ended, or is somebody else's.
            }
        }

        return found;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var timer = new PeriodicTimer(Interval);
        DateTime end = DateTime.UtcNow + EndMax;
        while (!isSo() && DateTime.UtcNow < end)
            await timer.WaitForNextTickAsync();
    }
}
