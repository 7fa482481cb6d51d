using Kv.Storage;
using Kv.Testing;

namespace Kv.Node.Tests.Disk;

public sealed class RealDiskTests : IDisposable
{
    private readonly TempDirectory _temp = new();
    private readonly RealDisk _disk = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void What_is_written_is_read_back()
    {
        using IFile file = _disk.Open(_temp["f"], FileAccessMode.Create);
        file.Write(3, "abc"u8);
        file.Sync();

        byte[] read = new byte[10];
        Assert.Equal(6, file.Length);
        Assert.Equal(6, file.Read(0, read));
        Assert.Equal("\0\0\0abc"u8, read.AsSpan(0, 6));
        Assert.Equal(0, file.Read(6, read));
    }

    [Fact]
    public void Files_and_directories_are_private_to_their_owner()
    {
        _disk.CreateDirectory(_temp["a/b/c"]);
        _disk.Open(_temp["a/b/c/f"], FileAccessMode.Create).Dispose();

        Assert.Equal("700", Mode(_temp["a"]));
        Assert.Equal("700", Mode(_temp["a/b/c"]));
        Assert.Equal("600", Mode(_temp["a/b/c/f"]));
        _disk.CreateDirectory(_temp["a/b/c"]); // there already, which is fine
    }

    [Fact]
    public void Only_the_first_to_lock_a_file_gets_it()
    {
        using IFile first = _disk.Open(_temp["f"], FileAccessMode.Create);
        using IFile second = _disk.Open(_temp["f"], FileAccessMode.ReadWrite);

        Assert.True(first.TryLock());
        Assert.False(second.TryLock());
        first.Dispose();
        Assert.True(second.TryLock());
    }

    [Fact]
    public void Reserved_room_reads_as_zeros_and_outlasts_a_truncation()
    {
        using IFile file = _disk.Open(_temp["f"], FileAccessMode.Create);
        file.Write(0, "abc"u8);
        file.Preallocate(100_000);
        Assert.Equal(100_000, file.Length);

        byte[] read = new byte[100_000];
        Assert.Equal(read.Length, file.Read(0, read));
        Assert.Equal((byte)'c', read[2]);
        Assert.Equal(-1, read.AsSpan(3).IndexOfAnyExcept((byte)0));

        file.SetLength(2);
        Assert.Equal(2, file.Length);
    }

    [Fact]
    public unsafe void A_view_shows_what_the_file_grows_to()
    {
        using IFile file = _disk.Open(_temp["f"], FileAccessMode.Create);
        file.Write(0, "abc"u8);
        using IFileView view = file.Map(1L << 30);
        Assert.Equal((byte)'b', view.Start[1]);

        file.SetLength(10_000_000);
        file.Write(9_999_999, "z"u8);
        file.Write(1, "B"u8);
        Assert.Equal((byte)'B', view.Start[1]);
        Assert.Equal((byte)'z', view.Start[9_999_999]);
    }

    [Fact]
    public void Lists_names_in_order_after_renames_and_deletions()
    {
        foreach (string name in (string[])["b", "a", "C", "d"])
            _disk.Open(_temp[name], FileAccessMode.Create).Dispose();
        _disk.CreateDirectory(_temp["dir"]);
        _disk.DeleteFile(_temp["d"]);
        _disk.Rename(_temp["b"], _temp["a"]);
        _disk.SyncDirectory(_temp.Path);

        Assert.Equal(["C", "a", "dir"], _disk.List(_temp.Path));
        _disk.DeleteDirectory(_temp["dir"]);
        Assert.False(_disk.DirectoryExists(_temp["dir"]));
        Assert.True(_disk.FileExists(_temp["a"]));
    }

    [Fact]
    public void Failures_name_the_path()
    {
        string missing = _temp["missing"];
        Assert.Contains(missing, Failure(() => _disk.Open(missing, FileAccessMode.Read)), StringComparison.Ordinal);
        Assert.Contains(missing, Failure(() => _disk.DeleteFile(missing)), StringComparison.Ordinal);
        Assert.Contains(missing, Failure(() => _disk.Rename(missing, _temp["x"])), StringComparison.Ordinal);
        Assert.Contains(missing, Failure(() => _disk.SyncDirectory(missing)), StringComparison.Ordinal);
        Assert.Contains(missing, Failure(() => _disk.List(missing)), StringComparison.Ordinal);

        _disk.Open(_temp["f"], FileAccessMode.Create).Dispose();
        using IFile readOnly = _disk.Open(_temp["f"], FileAccessMode.Read);
        Assert.Contains(_temp["f"], Failure(() => readOnly.Write(0, "x"u8)), StringComparison.Ordinal);
    }

    /// <summary>/dev/full is a disk that is always full.</summary>
    [Fact]
    public void A_full_disk_is_told_from_other_failures()
    {
        using IFile full = _disk.Open("/dev/full", FileAccessMode.ReadWrite);
        DiskFullException failure = Assert.Throws<DiskFullException>(() => full.Write(0, "x"u8));
        Assert.Contains("/dev/full", failure.Message, StringComparison.Ordinal);
    }

    private static string Mode(string path)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException();
        return Convert.ToString((int)File.GetUnixFileMode(path), 8);
    }

    private static string Failure(Action action) => Assert.ThrowsAny<IOException>(action).Message;
}
