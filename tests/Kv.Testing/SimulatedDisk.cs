using Kv.Storage;

namespace Kv.Testing;

/// <summary>A disk in memory that is worse than any real one, as its chance decides. Until a file is synced a crash
/// keeps any of its changed sectors and loses the others; until a directory is synced a crash may undo what changed in
/// it. A sync that failed has lost what it was to save, though reads do not show it, and later syncs do not bring it
/// back. Changes are counted, so that a test can crash or fail at each of them in turn.</summary>
public sealed class SimulatedDisk(Random random) : IDisk, IDisposable
{
    private readonly SimulatedNames _names = new();
    private readonly List<SimulatedContent> _contents = [];
    private bool _isOff;

    /// <summary>How many changes were asked for so far: writes, lengths, syncs, names.</summary>
    public long OperationCount { get; private set; }

    /// <summary>The power goes during the change of this number: it may have happened in whole, in part or not at
    /// all.</summary>
    public long? CrashAtOperation { get; set; }

    /// <summary>The change of this number fails with an <see cref="IOException"/>, a write after some of it.</summary>
    public long? FailAtOperation { get; set; }

    public bool FailNextSync { get; set; }

    /// <summary>How many operations failed because the test wanted it, or for want of room.</summary>
    public long FailureCount { get; private set; }

    /// <summary>Files may take this much room in all.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>The room that files take now.</summary>
    public long UsedBytes
    {
        get
        {
            lock (Gate)
                return _names.Files().Sum(file => file.AllocatedBytes);
        }
    }

    /// <summary>Whether the power is gone, and <see cref="Crash"/> is due.</summary>
    public bool IsOff => _isOff;

    internal int Life { get; private set; }

    internal Lock Gate { get; } = new();

    /// <summary>Turns the power off, if it is not, and on again: what was open is of no more use, and the disk holds
    /// what was synced and some of what was not.</summary>
    public void Crash()
    {
        lock (Gate)
        {
            Func<int, int> pick = PickVersions();
            _names.Crash(pick);
            foreach (SimulatedContent content in _contents)
                content.Crash(pick);
            _isOff = false;
            CrashAtOperation = null;
            Life++;
        }
    }

    public bool FileExists(string path) => Find(path) is SimulatedContent;

    public bool DirectoryExists(string path) => Find(path) is not (null or SimulatedContent);

    public IReadOnlyList<string> List(string directory)
    {
        lock (Gate)
        {
            RequireAlive(Life);
            return _names.List(directory);
        }
    }

    public IFile Open(string path, FileAccessMode mode)
    {
        lock (Gate)
        {
            RequireAlive(Life);
            var content = _names.Find(path) as SimulatedContent;
            if (mode == FileAccessMode.Create)
            {
                Begin(Life);
                if (content is null)
                {
                    content = new SimulatedContent();
                    _contents.Add(content);
                    _names.CreateFile(path, content);
                }
                else
                {
                    content.SetLength(0);
                }

                End(path);
            }

            return content is null
                ? throw new FileNotFoundException($"open {path}: not found", path)
                : new SimulatedFile(this, content, path, mode);
        }
    }

    public void CreateDirectory(string path)
    {
        if (DirectoryExists(path))
            return;
        string? parent = Path.GetDirectoryName(path);
        if (!string.IsNullOrEmpty(parent))
            CreateDirectory(parent);
        Change(path, () => _names.CreateFolder(path));
    }

    public void Rename(string from, string to) => Change(from, () => _names.Rename(from, to));

    public void DeleteFile(string path)
    {
        if (!FileExists(path))
            throw new FileNotFoundException($"delete {path}: not found", path);
        Change(path, () => _names.Delete(path));
    }

    public void DeleteDirectory(string path)
    {
        foreach (string name in List(path))
        {
            string child = Path.Combine(path, name);
            if (FileExists(child))
                DeleteFile(child);
            else
                DeleteDirectory(child);
        }

        Change(path, () => _names.Delete(path));
    }

    public void SyncDirectory(string path)
    {
        lock (Gate)
        {
            if (BeginSync(Life))
                _names.Sync(path);
            End(path);
        }
    }

    public void Dispose() => _contents.ForEach(content => content.Dispose());

    internal void RequireAlive(int life)
    {
        if (_isOff || life != Life)
            throw new SimulatedCrashException(OperationCount);
    }

    internal void Begin(int life)
    {
        RequireAlive(life);
        OperationCount++;
        if (OperationCount != FailAtOperation)
            return;
        FailureCount++;
        throw new IOException($"operation {OperationCount} failed, as the test asked");
    }

    /// <summary>How much of a write of <paramref name="count"/> bytes will be done.</summary>
    internal long BeginWrite(int life, SimulatedContent content, long offset, long count)
    {
        RequireAlive(life);
        OperationCount++;
        if (OperationCount == FailAtOperation)
            return ToSector(offset, random.NextInt64(count));
        if (CapacityBytes == long.MaxValue)
            return count;

        long free = CapacityBytes - _names.Files().Sum(file => file.AllocatedBytes);
        long fits = content.AllocatedBytes + free - offset;
        return fits >= count ? count : ToSector(offset, Math.Max(fits, 0));
    }

    /// <summary>Whether the sync is to succeed; if not, <see cref="End"/> says why.</summary>
    internal bool BeginSync(int life)
    {
        RequireAlive(life);
        OperationCount++;
        if (FailNextSync)
            FailAtOperation = OperationCount;
        FailNextSync = false;
        return OperationCount != FailAtOperation && OperationCount < (CrashAtOperation ?? long.MaxValue);
    }

    internal void End(string path, bool isWhole = true)
    {
        if (OperationCount >= CrashAtOperation)
        {
            _isOff = true;
            throw new SimulatedCrashException(OperationCount);
        }

        if (OperationCount != FailAtOperation && isWhole)
            return;
        FailureCount++;
        throw OperationCount == FailAtOperation
            ? new IOException($"{path}: operation {OperationCount} failed, as the test asked")
            : new DiskFullException($"write {path}: no space left on the simulated disk", 28);
    }

    private object? Find(string path)
    {
        lock (Gate)
        {
            RequireAlive(Life);
            return _names.Find(path);
        }
    }

    private void Change(string path, Action change)
    {
        lock (Gate)
        {
            Begin(Life);
            change();
            End(path);
        }
    }

    // A write that stops half way stops where a sector ends.
    private static long ToSector(long offset, long count) =>
        Math.Max(((offset + count) / SimulatedContent.SectorSize * SimulatedContent.SectorSize) - offset, 0);

    // A crash that loses all, and one that loses nothing, are too rare if each sector has its own chance.
    private Func<int, int> PickVersions() => random.Next(6) switch
    {
        0 => static _ => 0,
        1 => static count => count - 1,
        _ => count => random.Next(count),
    };
}
