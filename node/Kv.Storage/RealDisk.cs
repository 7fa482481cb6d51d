using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kv.Storage;

/// <summary>The file system of this machine (Linux). Every failure names the call, the path and the kernel's own
/// words.</summary>
/// <param name="skipsSyncs">Whether syncs return without waiting for the disk: a crash of the machine then loses what
/// was acknowledged. For tests of others, on machines with slow disks.</param>
public sealed class RealDisk(bool skipsSyncs = false) : IDisk
{
    private const int FileMode = 0x180; // 0600
    private const int DirectoryMode = 0x1C0; // 0700

    public bool FileExists(string path) => File.Exists(path);

    public bool DirectoryExists(string path) => Directory.Exists(path);

    public IReadOnlyList<string> List(string directory)
    {
        try
        {
            string[] names = [.. Directory.EnumerateFileSystemEntries(directory).Select(path =>
                Path.GetFileName(path))];
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public IFile Open(string path, FileAccessMode mode)
    {
        int flags = mode switch
        {
            FileAccessMode.Read => LinuxCalls.OpenReadOnly,
            FileAccessMode.ReadWrite => LinuxCalls.OpenReadWrite,
            _ => LinuxCalls.OpenReadWrite | LinuxCalls.OpenCreate | LinuxCalls.OpenTruncate,
        };
        return new RealFile(path, OpenHandle(path, flags), isWritable: mode != FileAccessMode.Read, skipsSyncs);
    }

    public void CreateDirectory(string path)
    {
        string? parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(path));
        if (!string.IsNullOrEmpty(parent) && !Directory.Exists(parent))
            CreateDirectory(parent);
        if (LinuxCalls.MakeDirectory(path, DirectoryMode) == 0)
            return;

        int error = Marshal.GetLastPInvokeError();
        if (!Directory.Exists(path))
            throw LinuxCalls.Failure("create directory", path, error);
    }

    public void Rename(string from, string to)
    {
        if (LinuxCalls.Rename(from, to) != 0)
            throw LinuxCalls.Failure("rename", $"{from} to {to}");
    }

    public void DeleteFile(string path)
    {
        if (LinuxCalls.Unlink(path) != 0)
            throw LinuxCalls.Failure("delete", path);
    }

    public void DeleteDirectory(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void SyncDirectory(string path)
    {
        if (skipsSyncs)
            return;
        using SafeFileHandle directory = OpenHandle(path, LinuxCalls.OpenReadOnly);
        if (LinuxCalls.Sync(directory) != 0)
            throw LinuxCalls.Failure("sync directory", path);
    }

    // Not File.OpenHandle: that one takes locks of its own, gives mode 0666 and throws what is no IOException.
    private static SafeFileHandle OpenHandle(string path, int flags)
    {
        while (true)
        {
            int descriptor = LinuxCalls.Open(path, flags | LinuxCalls.OpenCloseOnExec, FileMode);
            if (descriptor >= 0)
                return new SafeFileHandle(descriptor, ownsHandle: true);

            int error = Marshal.GetLastPInvokeError();
            if (error == LinuxCalls.NotFound)
                throw new FileNotFoundException($"open {path}: no such file or directory", path);
            if (error != LinuxCalls.Interrupted)
                throw LinuxCalls.Failure("open", path, error);
        }
    }
}
