using Kv.Server.Cli;
using Kv.Storage;
using Kv.Testing;

namespace Kv.Node.Tests.Cli;

/// <summary><c>copy</c>: what is kept of a member before it is forced to go on alone.</summary>
public sealed class DirectoryCopyTests
{
    [Fact]
    public void A_copy_has_every_byte_and_is_made_once()
    {
        using TempDirectory directory = Fixture.Unpack("3.5.30-clean");
        string data = directory["m1.etcd"];
        string copy = directory["m1.etcd.pre-recovery-1"];

        (int exit, string output, string error) = NodeCommandsTests.Run("copy", "--data-dir", data, "--to", copy);

        Assert.Equal((0, "", $"copied {data} to {copy}\n"), (exit, output, error));
        string[] files = [.. Files(data)];
        Assert.NotEmpty(files);
        Assert.Equal(files, Files(copy));
        Assert.All(files, file => Assert.Equal(
            File.ReadAllBytes(Path.Combine(data, file)), File.ReadAllBytes(Path.Combine(copy, file))));

        File.AppendAllText(Path.Combine(data, files[0]), "more");
        Assert.Equal(
            (0, "", $"{copy} is there already: nothing to copy\n"),
            NodeCommandsTests.Run("copy", "--data-dir", data, "--to", copy));
        Assert.NotEqual(
            new FileInfo(Path.Combine(data, files[0])).Length, new FileInfo(Path.Combine(copy, files[0])).Length);
    }

    [Fact]
    public void What_cannot_be_copied_is_told()
    {
        using TempDirectory directory = new();
        string data = directory["data"];

        Assert.Equal(
            (1, "", $"Error: {data} has no data to copy\n"),
            NodeCommandsTests.Run("copy", "--data-dir", data, "--to", directory["copy"]));
        Directory.CreateDirectory(Path.Combine(data, "member"));
        Assert.Equal(
            (1, "", $"Error: {data}/in is inside of {data}\n"),
            NodeCommandsTests.Run("copy", "--data-dir", data, "--to", Path.Combine(data, "in")));
    }

    [Fact]
    public void Room_is_looked_for_first()
    {
        using var disk = new SimulatedDisk(new Random(1));
        Fill(disk);

        var refused = Assert.Throws<CommandFailedException>(
            () => new DirectoryCopy(disk, _ => 100).Run("/volume/data", "/volume/kept"));

        Assert.StartsWith("not enough room in /volume: 9.0 kB are needed, 100 B are free", refused.Message);
        Assert.Equal(["data"], disk.List("/volume"));
    }

    [Theory]
    [Seeds(50)]
    public void A_copy_that_is_ended_at_any_moment_is_there_whole_or_not_at_all(int seed)
    {
        var random = new Random(seed);
        using var disk = new SimulatedDisk(random);
        Fill(disk);
        var copy = new DirectoryCopy(disk, _ => long.MaxValue);
        for (int attempt = 0; attempt < 4; attempt++)
        {
            disk.CrashAtOperation = disk.OperationCount + random.NextInt64(1, 25);
            try
            {
                copy.Run("/volume/data", "/volume/kept");
            }
            catch (SimulatedCrashException)
            {
                // The power went.
            }

            disk.Crash();
            if (disk.DirectoryExists("/volume/kept"))
                MustBeWhole(disk);
        }

        copy.Run("/volume/data", "/volume/kept");
        MustBeWhole(disk);
    }

    private static void Fill(SimulatedDisk disk)
    {
        foreach (string path in new[] { "wal", "snap" })
        {
            disk.CreateDirectory($"/volume/data/{path}");
            foreach (string name in new[] { "a", "b", "c" })
            {
                using IFile file = disk.Open($"/volume/data/{path}/{name}", FileAccessMode.Create);
                file.Write(0, Enumerable.Repeat((byte)name[0], 1500).ToArray());
                file.Sync();
            }

            disk.SyncDirectory($"/volume/data/{path}");
        }

        foreach (string path in new[] { "/volume/data", "/volume", "/" })
            disk.SyncDirectory(path);
    }

    private static void MustBeWhole(SimulatedDisk disk)
    {
        foreach (string path in new[] { "wal/a", "wal/b", "wal/c", "snap/a", "snap/b", "snap/c" })
        {
            using IFile file = disk.Open($"/volume/kept/{path}", FileAccessMode.Read);
            byte[] bytes = new byte[2000];
            Assert.Equal(1500, file.Read(0, bytes));
            Assert.All(bytes[..1500], each => Assert.Equal((byte)path[^1], each));
        }
    }

    private static IEnumerable<string> Files(string directory) =>
        Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(directory, file)).Order(StringComparer.Ordinal);
}
