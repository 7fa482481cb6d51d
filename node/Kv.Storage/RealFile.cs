using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kv.Storage;

/// <summary>A file of the real disk. A write or a sync that failed is final: the kernel may have dropped the pages, so
/// a second try that succeeds proves nothing.</summary>
internal sealed class RealFile(string path, SafeFileHandle handle, bool isWritable, bool skipsSyncs = false) : IFile
{
    private bool _isLocked;

    public string Path => path;

    public long Length => RandomAccess.GetLength(handle);

    public int Read(long offset, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            ref byte rest = ref MemoryMarshal.GetReference(destination[done..]);
            nint count = LinuxCalls.Read(handle, ref rest, (nuint)(destination.Length - done), offset + done);
            if (count == 0)
                break;
            if (count > 0)
                done += (int)count;
            else
                ThrowUnlessInterrupted("read");
        }

        return done;
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        int done = 0;
        while (done < source.Length)
        {
            ref readonly byte rest = ref MemoryMarshal.GetReference(source[done..]);
            nint count = LinuxCalls.Write(handle, in rest, (nuint)(source.Length - done), offset + done);
            if (count >= 0)
                done += (int)count;
            else
                ThrowUnlessInterrupted("write");
        }
    }

    public void SetLength(long length)
    {
        while (LinuxCalls.SetLength(handle, length) != 0)
            ThrowUnlessInterrupted("set length of");
    }

    public void Preallocate(long length)
    {
        while (LinuxCalls.Allocate(handle, mode: 0, offset: 0, length) != 0)
        {
            // Some network file systems cannot reserve; there the first write that finds no room will say so.
            if (Marshal.GetLastPInvokeError() == LinuxCalls.NotSupported)
            {
                SetLength(Math.Max(length, Length));
                return;
            }

            ThrowUnlessInterrupted("reserve room for");
        }
    }

    public void Sync()
    {
        while (!skipsSyncs && LinuxCalls.SyncContent(handle) != 0)
            ThrowUnlessInterrupted("sync");
    }

    /// <summary>Two locks in one, which on Linux do not see each other: bbolt and its tools take flock on the page
    /// file, etcd takes locks of the open file description on log segments.</summary>
    public bool TryLock()
    {
        while (LinuxCalls.Lock(handle, LinuxCalls.LockExclusive | LinuxCalls.LockNonBlocking) != 0)
        {
            if (Marshal.GetLastPInvokeError() == LinuxCalls.WouldBlock)
                return false;
            ThrowUnlessInterrupted("lock");
        }

        // A lock of that second kind to keep others from writing needs a file open for writing.
        var whole = new LinuxCalls.RangeLock { Kind = LinuxCalls.WriteLock };
        while (isWritable && LinuxCalls.LockRange(handle, LinuxCalls.SetOpenFileLock, in whole) != 0)
        {
            if (Marshal.GetLastPInvokeError() is LinuxCalls.WouldBlock or LinuxCalls.NoAccess)
                return false;
            ThrowUnlessInterrupted("lock");
        }

        _isLocked = true;
        return true;
    }

    public IFileView Map(long reservedBytes)
    {
        const int Flags = LinuxCalls.MapShared | LinuxCalls.MapNoReserve;
        nint start = LinuxCalls.Map(0, (nuint)reservedBytes, LinuxCalls.ProtectRead, Flags, handle, at: 0);
        if (start == LinuxCalls.MapFailed)
            throw LinuxCalls.Failure("map", path);
        return new RealFileView(start, reservedBytes);
    }

    public void Dispose()
    {
        if (_isLocked)
            Unlock();
        handle.Dispose();
    }

    // Closing alone would leave the locks to a process that another thread is just starting: until that becomes another
    // program it has copies of all descriptors.
    private void Unlock()
    {
        _isLocked = false;
        var whole = new LinuxCalls.RangeLock { Kind = LinuxCalls.NoLock };
        while (LinuxCalls.Lock(handle, LinuxCalls.LockRelease) != 0)
            ThrowUnlessInterrupted("unlock");
        while (isWritable && LinuxCalls.LockRange(handle, LinuxCalls.SetOpenFileLock, in whole) != 0)
            ThrowUnlessInterrupted("unlock");
    }

    private void ThrowUnlessInterrupted(string action)
    {
        int error = Marshal.GetLastPInvokeError();
        if (error != LinuxCalls.Interrupted)
            throw LinuxCalls.Failure(action, path, error);
    }
}
