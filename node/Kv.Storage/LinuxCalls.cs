using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kv.Storage;

/// <summary>The calls of Linux that .NET has no name for, or only with other rights, other errors or another idea of
/// locking. Numbers are those of x86-64 and arm64, which agree on all that is used here.</summary>
internal static partial class LinuxCalls
{
    public const int OpenReadOnly = 0;
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 0x40;
    public const int OpenTruncate = 0x200;
    public const int OpenCloseOnExec = 0x80000;

    public const int ProtectRead = 1;
    public const int MapShared = 1;
    public const int MapNoReserve = 0x4000;
    public static readonly nint MapFailed = -1;

    public const int LockExclusive = 2;
    public const int LockNonBlocking = 4;
    public const int LockRelease = 8;
    public const int SetOpenFileLock = 37; // F_OFD_SETLK
    public const short WriteLock = 1;
    public const short NoLock = 2;

    public const int NotFound = 2; // ENOENT
    public const int Interrupted = 4; // EINTR
    public const int WouldBlock = 11; // EAGAIN
    public const int NoAccess = 13; // EACCES
    public const int NoSpace = 28; // ENOSPC
    public const int NotSupported = 95; // EOPNOTSUPP
    public const int NoQuota = 122; // EDQUOT

    private const string LibC = "libc";

    [LibraryImport(LibC, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport(LibC, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeDirectory(string path, int mode);

    [LibraryImport(LibC, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(string from, string to);

    [LibraryImport(LibC, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport(LibC, EntryPoint = "pread", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, ref byte destination, nuint count, long offset);

    [LibraryImport(LibC, EntryPoint = "pwrite", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, in byte source, nuint count, long offset);

    [LibraryImport(LibC, EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int SetLength(SafeFileHandle file, long length);

    [LibraryImport(LibC, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    [LibraryImport(LibC, EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int SyncContent(SafeFileHandle file);

    [LibraryImport(LibC, EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport(LibC, EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport(LibC, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int LockRange(SafeFileHandle file, int command, in RangeLock range);

    [LibraryImport(LibC, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, SafeFileHandle file, long at);

    [LibraryImport(LibC, EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nuint length);

    /// <summary>The last call's errno as an exception that says what was tried on which path.</summary>
    public static IOException Failure(string action, string path) =>
        Failure(action, path, Marshal.GetLastPInvokeError());

    public static IOException Failure(string action, string path, int error)
    {
        string message = $"{action} {path}: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})";
        return error is NoSpace or NoQuota ? new DiskFullException(message, error) : new IOException(message, error);
    }

    /// <summary><c>struct flock</c>; all zero but for the kind means the whole file.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct RangeLock
    {
        public short Kind;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
