namespace Kv.Storage;

/// <summary>The file system as this node needs it: the real one (RealDisk), or the simulated one that
/// loses what was not synced. Names are as durable as their directory: a created, renamed or deleted file is sure to
/// be found so after a crash only once <see cref="SyncDirectory"/> has returned. Every failure is an
/// <see cref="IOException"/>, and one from a write or a sync must end the process: a retried sync proves
/// nothing.</summary>
public interface IDisk
{
    bool FileExists(string path);

    bool DirectoryExists(string path);

    /// <summary>The names (not paths) of the files and directories in <paramref name="directory"/>, in ordinal
    /// order.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>Opens a file; see <see cref="FileAccessMode"/> for what it creates.</summary>
    IFile Open(string path, FileAccessMode mode);

    /// <summary>Creates the directory and its parents with mode 0700; fine if it is there.</summary>
    void CreateDirectory(string path);

    /// <summary>Moves a file or directory, replacing a file that has the new name.</summary>
    void Rename(string from, string to);

    void DeleteFile(string path);

    /// <summary>Deletes a directory and all in it.</summary>
    void DeleteDirectory(string path);

    void SyncDirectory(string path);
}

/// <summary>How a file is opened.</summary>
public enum FileAccessMode
{
    /// <summary>Must exist; writes are refused.</summary>
    Read,

    /// <summary>Must exist.</summary>
    ReadWrite,

    /// <summary>Is made (mode 0600), or emptied if it is there.</summary>
    Create,
}

/// <summary>An open file. Offsets and lengths are in bytes. Not safe for concurrent writes; reads may run beside a
/// write of other bytes.</summary>
public interface IFile : IDisposable
{
    string Path { get; }

    long Length { get; }

    /// <summary>Reads up to <paramref name="destination"/>'s length; fewer only at the end of the file.</summary>
    int Read(long offset, Span<byte> destination);

    /// <summary>Writes all of <paramref name="source"/>, growing the file if needed.</summary>
    void Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>Truncates, or grows with zeros (sparse where the file system can).</summary>
    void SetLength(long length);

    /// <summary>Reserves room on the disk up to <paramref name="length"/>, read as zeros, and grows the file to
    /// it; fails with <see cref="IOException"/> when there is not enough.</summary>
    void Preallocate(long length);

    /// <summary>Returns when the content and the length are durable (fdatasync).</summary>
    void Sync();

    /// <summary>Takes the exclusive advisory lock (flock) that etcd and its tools respect; false if another process
    /// holds it. Held until disposed.</summary>
    bool TryLock();

    /// <summary>Maps the file for reading, with <paramref name="reservedBytes"/> of address space, which may be more
    /// than the file has: what the file grows to later shows in the same view. Bytes beyond the file's end must not
    /// be touched.</summary>
    IFileView Map(long reservedBytes);
}

/// <summary>A read-only view of a file in memory; sees later writes to the file.</summary>
public interface IFileView : IDisposable
{
    /// <summary>The first byte of the file. Valid until disposed.</summary>
    unsafe byte* Start { get; }

    long ReservedBytes { get; }
}
