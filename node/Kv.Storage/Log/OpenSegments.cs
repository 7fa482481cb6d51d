namespace Kv.Storage.Log;

/// <summary>The files of a log that is being written: the one that is written to, those before it that are still
/// needed, all locked, and the next one, for which room is reserved ahead so that a full disk is noticed before it
/// hurts.</summary>
internal sealed class OpenSegments(IDisk disk, string directory, long segmentBytes) : IDisposable
{
    private const int SpareNames = 2;

    private readonly List<(SegmentName Name, IFile File)> _open = [];
    private IFile? _spare;
    private int _spareNumber;

    public IFile Current => _open[^1].File;

    public SegmentName CurrentName => _open[^1].Name;

    /// <summary>Takes over a file that is open, and locks it.</summary>
    public void Add(SegmentName name, IFile file)
    {
        _open.Add((name, file));
        Lock(file);
    }

    /// <summary>Gives the spare its name, now that its head is on disk; from now on it is the current one.</summary>
    public void Adopt(SegmentName name)
    {
        Invariant.Require(_spare is not null);
        string path = Path.Combine(directory, name.ToString());
        disk.Rename(_spare.Path, path);
        disk.SyncDirectory(directory);

        // Opened anew, so that failures tell its right name.
        _spare.Dispose();
        _spare = null;
        _spareNumber++;
        Add(name, disk.Open(path, FileAccessMode.ReadWrite));
    }

    /// <summary>An empty file, locked and with room for a segment.</summary>
    public IFile TakeSpare()
    {
        if (_spare is null)
            Reserve();
        return _spare!;
    }

    /// <summary>Reserves room for the next segment. If there is none the log goes on with what it has, and finds out
    /// when that is used up.</summary>
    public void TryReserve()
    {
        try
        {
            Reserve();
        }
        catch (DiskFullException)
        {
            string path = SparePath;
            _spare?.Dispose();
            _spare = null;
            disk.DeleteFile(path);
        }
    }

    /// <summary>Closes, and so unlocks, the segments that hold nothing beyond <paramref name="index"/>.</summary>
    public void Release(ulong index)
    {
        while (_open.Count > 1 && _open[1].Name.FirstIndex <= index)
        {
            _open[0].File.Dispose();
            _open.RemoveAt(0);
        }
    }

    /// <summary>Deletes the oldest of the released segments until <paramref name="keep"/> are left in all; one at a
    /// time, so that a crash leaves no gap.</summary>
    public int Purge(int keep)
    {
        IReadOnlyList<SegmentName> all = SegmentName.In(disk, directory);
        int deleted = 0;
        while (all.Count - deleted > keep && all[deleted].Sequence < _open[0].Name.Sequence)
        {
            disk.DeleteFile(Path.Combine(directory, all[deleted].ToString()));
            disk.SyncDirectory(directory);
            deleted++;
        }

        return deleted;
    }

    public void Dispose()
    {
        foreach ((_, IFile file) in _open)
            file.Dispose();
        _spare?.Dispose();
    }

    /// <summary>Removes the room reserved for a next segment, which only a log in use needs.</summary>
    public void DropSpares()
    {
        _spare?.Dispose();
        _spare = null;
        for (int number = 0; number < SpareNames; number++)
        {
            string path = Path.Combine(directory, $"{number}.tmp");
            if (disk.FileExists(path))
                disk.DeleteFile(path);
        }
    }

    private string SparePath => Path.Combine(directory, $"{_spareNumber % SpareNames}.tmp");

    private void Reserve()
    {
        _spare = disk.Open(SparePath, FileAccessMode.Create);
        Lock(_spare);
        _spare.Preallocate(segmentBytes);
    }

    private static void Lock(IFile file)
    {
        if (!file.TryLock())
            throw new IOException($"lock {file.Path}: another process has this log open");
    }
}
