using Kv.Storage;
using Kv.Testing;

namespace Kv.Node.Tests.Disk;

/// <summary>The twin must lose what a disk may lose, or the crash tests built on it prove nothing; and must keep what a
/// disk must keep, or they prove too much.</summary>
public sealed class SimulatedDiskTests
{
    [Fact]
    public void Behaves_like_a_disk_while_nothing_goes_wrong()
    {
        using var disk = new SimulatedDisk(new Random(1));
        disk.CreateDirectory("/a/b");
        using IFile file = disk.Open("/a/b/f", FileAccessMode.Create);
        file.Write(700, "abc"u8);
        byte[] read = new byte[1000];
        Assert.Equal(703, file.Read(0, read));
        Assert.Equal("\0abc"u8, read.AsSpan(699, 4));

        file.SetLength(701);
        file.SetLength(2000);
        Assert.Equal(4, file.Read(699, read.AsSpan(0, 4)));
        Assert.Equal("\0a\0\0"u8, read.AsSpan(0, 4));

        disk.Rename("/a/b/f", "/a/g");
        Assert.Equal(["b", "g"], disk.List("/a"));
        Assert.False(disk.FileExists("/a/b/f"));
        Assert.Throws<FileNotFoundException>(() => disk.Open("/a/b/f", FileAccessMode.Read));
        disk.DeleteDirectory("/a/b");
        Assert.False(disk.DirectoryExists("/a/b"));
    }

    [Theory]
    [Seeds(50)]
    public void A_crash_keeps_what_was_synced(int seed)
    {
        using SimulatedDisk disk = WithFile(seed, out IFile file);
        file.Write(0, Filled(4096, 1));
        file.Sync();
        file.Write(4096, Filled(4096, 2));

        disk.Crash();

        byte[] read = Contents(disk, "/d/f");
        Assert.Equal(Filled(4096, 1), read[..4096]);
        Assert.DoesNotContain((byte)1, read[4096..]);
    }

    [Fact]
    public void A_crash_keeps_any_set_of_unsynced_sectors()
    {
        var outcomes = new HashSet<string>();
        for (int seed = 0; seed < 400; seed++)
        {
            using SimulatedDisk disk = WithFile(seed, out IFile file);
            file.Write(0, Filled(1536, 1));
            file.Sync();
            file.Write(0, Filled(1536, 2));
            disk.Crash();
            byte[] read = Contents(disk, "/d/f");
            outcomes.Add($"{read[0]}{read[512]}{read[1024]}");
            Assert.All(read.Chunk(512), sector => Assert.Single(sector.Distinct()));
        }

        Assert.Equal(8, outcomes.Count);
    }

    [Fact]
    public void A_crash_may_leave_any_version_and_any_length_since_the_last_sync()
    {
        var outcomes = new HashSet<string>();
        for (int seed = 0; seed < 400; seed++)
        {
            using SimulatedDisk disk = WithFile(seed, out IFile file);
            file.Write(0, Filled(10, 1));
            file.Write(0, Filled(20, 2));
            file.SetLength(5);
            disk.Crash();
            outcomes.Add(string.Join(',', Contents(disk, "/d/f")));
        }

        string[] expected = ["", "2,2,2,2,2", "1,1,1,1,1,1,1,1,1,1", "0,0,0,0,0", "2,2,2,2,2,0,0,0,0,0"];
        Assert.Superset(expected.ToHashSet(), outcomes);
    }

    [Fact]
    public void A_sync_that_failed_stays_failed()
    {
        int lost = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            using SimulatedDisk disk = WithFile(seed, out IFile file);
            file.Write(0, Filled(512, 1));
            disk.FailNextSync = true;
            Assert.Throws<IOException>(file.Sync);
            file.Write(512, Filled(512, 2));
            file.Sync();
            disk.Crash();

            byte[] read = Contents(disk, "/d/f");
            Assert.Equal(2, read[512]);
            lost += read[0] == 0 ? 1 : 0;
        }

        Assert.InRange(lost, 20, 80);
    }

    [Fact]
    public void A_crash_may_undo_changes_of_names_that_were_not_synced()
    {
        var outcomes = new HashSet<string>();
        for (int seed = 0; seed < 400; seed++)
        {
            using SimulatedDisk disk = WithFile(seed, out _);
            disk.Open("/d/g", FileAccessMode.Create).Dispose();
            disk.Rename("/d/f", "/d/h");
            disk.Crash();
            outcomes.Add(string.Join(',', disk.List("/d")));
        }

        Assert.Equal(["f", "f,g", "g,h", "h"], outcomes.Order(StringComparer.Ordinal));
    }

    [Theory]
    [Seeds(50)]
    public void A_synced_directory_keeps_its_names(int seed)
    {
        using SimulatedDisk disk = WithFile(seed, out _);
        disk.CreateDirectory("/e");
        disk.Rename("/d/f", "/e/g");
        disk.SyncDirectory("/");
        disk.SyncDirectory("/e");
        disk.Open("/e/h", FileAccessMode.Create).Dispose();
        disk.DeleteFile("/e/h");
        disk.Crash();

        Assert.Contains("g", disk.List("/e"));
        Assert.Empty(disk.List("/d"));
    }

    /// <summary>Each change is a moment to crash at; after it nothing works until the power is back, and what was open
    /// before never again.</summary>
    [Fact]
    public void The_power_goes_at_the_operation_asked_for()
    {
        for (int operation = 1; operation <= 5; operation++)
        {
            using SimulatedDisk disk = WithFile(operation, out IFile file);
            disk.CrashAtOperation = disk.OperationCount + operation;
            Action[] changes =
            [
                () => file.Write(0, "a"u8), file.Sync, () => disk.Rename("/d/f", "/d/g"),
                () => disk.SyncDirectory("/d"), () => disk.DeleteFile("/d/g"),
            ];

            for (int change = 1; change < operation; change++)
                changes[change - 1]();
            Assert.Throws<SimulatedCrashException>(changes[operation - 1]);
            Assert.Throws<SimulatedCrashException>(() => file.Length);
            Assert.Throws<SimulatedCrashException>(() => disk.List("/d"));
            Assert.True(disk.IsOff);

            disk.Crash();
            disk.List("/d");
            Assert.Throws<SimulatedCrashException>(() => file.Length);
        }
    }

    [Fact]
    public void A_full_disk_takes_what_fits()
    {
        using SimulatedDisk disk = WithFile(1, out IFile file);
        disk.CapacityBytes = 1024;
        file.Write(0, Filled(512, 1));
        Assert.Throws<DiskFullException>(() => file.Write(512, Filled(1024, 2)));
        Assert.Equal(1024, file.Length);

        using IFile other = disk.Open("/d/other", FileAccessMode.Create);
        Assert.Throws<DiskFullException>(() => other.Preallocate(100));
        disk.DeleteFile("/d/f");
        other.Preallocate(1024);
        other.Write(0, Filled(1024, 3));
    }

    [Fact]
    public void A_lock_is_held_until_its_file_is_closed_or_the_machine_crashes()
    {
        using SimulatedDisk disk = WithFile(1, out IFile first);
        IFile second = disk.Open("/d/f", FileAccessMode.ReadWrite);
        Assert.True(first.TryLock());
        Assert.False(second.TryLock());
        first.Dispose();
        Assert.True(second.TryLock());
        disk.Crash();
        using IFile third = disk.Open("/d/f", FileAccessMode.ReadWrite);
        Assert.True(third.TryLock());
        second.Dispose();
        using IFile fourth = disk.Open("/d/f", FileAccessMode.ReadWrite);
        Assert.False(fourth.TryLock());
    }

    [Fact]
    public unsafe void A_view_shows_what_the_file_grows_to()
    {
        using SimulatedDisk disk = WithFile(1, out IFile file);
        using IFileView view = file.Map(1L << 30);
        file.SetLength(10_000);
        file.Write(9_999, "z"u8);
        Assert.Equal((byte)'z', view.Start[9_999]);
    }

    private static SimulatedDisk WithFile(int seed, out IFile file)
    {
        var disk = new SimulatedDisk(new Random(seed));
        disk.CreateDirectory("/d");
        file = disk.Open("/d/f", FileAccessMode.Create);
        file.Sync();
        disk.SyncDirectory("/d");
        disk.SyncDirectory("/");
        return disk;
    }

    private static byte[] Filled(int count, byte value)
    {
        byte[] bytes = new byte[count];
        Array.Fill(bytes, value);
        return bytes;
    }

    private static byte[] Contents(SimulatedDisk disk, string path)
    {
        using IFile file = disk.Open(path, FileAccessMode.Read);
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        return bytes;
    }
}
