using System.Runtime.InteropServices;
using Kv.Storage;
using Microsoft.Win32.SafeHandles;

namespace Kv.Testing;

/// <summary>The bytes of a simulated file, and what a crash may make of them: of each sector written since the last
/// sync, any version since then may be what the disk holds, whatever became of its neighbours, and any of the lengths
/// may be the file's. Held in a file of anonymous memory, so that it can be mapped just as a real one.</summary>
internal sealed partial class SimulatedContent : IDisposable
{
    public const int SectorSize = 512;

    private readonly RealFile _memory = new("(memory)", CreateMemoryFile(), isWritable: true);

    // Oldest version first: what is on disk for sure.
    private readonly Dictionary<long, List<byte[]>> _unsynced = [];

    // What a failed sync dropped: the kernel holds it for clean, so that later syncs pass over it.
    private readonly Dictionary<long, List<byte[]>> _dropped = [];
    private readonly List<long> _lengths = [0];

    /// <summary>Which open file holds the lock.</summary>
    public SimulatedFile? LockedBy { get; set; }

    public long Length => _memory.Length;

    /// <summary>How much room the file takes, if all below its end takes room.</summary>
    public long AllocatedBytes { get; private set; }

    public int Read(long offset, Span<byte> destination) => _memory.Read(offset, destination);

    public IFileView Map(long reservedBytes) => _memory.Map(reservedBytes);

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        long first = offset / SectorSize;
        long end = (offset + source.Length + SectorSize - 1) / SectorSize;
        for (long sector = first; sector < end; sector++)
            RememberOld(sector);
        _memory.Write(offset, source);
        for (long sector = first; sector < end; sector++)
            _unsynced[sector].Add(ReadSector(sector));

        NoteLength();
        AllocatedBytes = Math.Max(AllocatedBytes, end * SectorSize);
    }

    public void SetLength(long length)
    {
        List<long> cut = [.. SectorsWithContent(from: length / SectorSize)];
        foreach (long sector in cut)
            RememberOld(sector);
        _memory.SetLength(length);
        foreach (long sector in cut)
            _unsynced[sector].Add(ReadSector(sector));

        NoteLength();
        AllocatedBytes = Math.Min(AllocatedBytes, length);
    }

    public void Preallocate(long length)
    {
        if (length > Length)
            SetLength(length);
        AllocatedBytes = Math.Max(AllocatedBytes, length);
    }

    public void Sync()
    {
        _unsynced.Clear();
        _lengths.Clear();
        _lengths.Add(Length);
    }

    public void FailSync()
    {
        foreach ((long sector, List<byte[]> versions) in _unsynced)
            _dropped[sector] = versions;
        _unsynced.Clear();
    }

    /// <summary>Becomes what the disk held when the power went; <paramref name="pick"/> chooses from so many
    /// versions.</summary>
    public void Crash(Func<int, int> pick)
    {
        long length = _lengths[pick(_lengths.Count)];
        foreach ((long sector, List<byte[]> versions) in _unsynced.Concat(_dropped).OrderBy(entry => entry.Key))
            _memory.Write(sector * SectorSize, versions[pick(versions.Count)]);
        _memory.SetLength(length);

        _dropped.Clear();
        Sync();
        LockedBy = null;
        AllocatedBytes = Math.Min(AllocatedBytes, length);
    }

    public void Dispose() => _memory.Dispose();

    private void RememberOld(long sector)
    {
        if (_unsynced.ContainsKey(sector))
            return;
        // A sector written again after a failed sync reaches the disk with the next one that succeeds.
        _unsynced[sector] = _dropped.Remove(sector, out List<byte[]>? versions) ? versions : [ReadSector(sector)];
    }

    private byte[] ReadSector(long sector)
    {
        byte[] bytes = new byte[SectorSize];
        _memory.Read(sector * SectorSize, bytes);
        return bytes;
    }

    private void NoteLength()
    {
        if (_lengths[^1] != Length)
            _lengths.Add(Length);
    }

    private IEnumerable<long> SectorsWithContent(long from)
    {
        byte[] chunk = new byte[128 * SectorSize];
        for (long at = from * SectorSize; at < Length; at += chunk.Length)
        {
            int count = _memory.Read(at, chunk);
            for (int start = 0; start < count; start += SectorSize)
            {
                if (chunk.AsSpan(start, Math.Min(SectorSize, count - start)).ContainsAnyExcept((byte)0))
                    yield return (at + start) / SectorSize;
            }
        }
    }

    private static SafeFileHandle CreateMemoryFile()
    {
        int descriptor = MemoryFileCreate("simulated", 1);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException("no memory file: " + Marshal.GetLastPInvokeErrorMessage());
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFileCreate(string name, uint flags);
}
