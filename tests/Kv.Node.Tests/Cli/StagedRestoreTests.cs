using System.Text.Json.Nodes;
using Kv.Server.Cli;
using Kv.Storage;
using Kv.Testing;

namespace Kv.Node.Tests.Cli;

/// <summary><c>snapshot restore --from</c>, as the container runs it that prepares the volume of a pod: it may be
/// ended at any moment, and is started again whenever its pod is.</summary>
public sealed class StagedRestoreTests
{
    private const string Older = "3.5.30-snapshot.db";

    [Theory]
    [InlineData("3.4.23")]
    [InlineData("3.5.30")]
    [InlineData("3.6.13")]
    [InlineData("3.7.1")]
    public void Snapshots_of_real_servers_are_fetched_and_restored(string version)
    {
        using TempDirectory directory = Fixture.Decompress($"{version}-snapshot.db");
        string file = directory[$"{version}-snapshot.db"];
        string data = directory["data"];

        (int exit, string output, string error) = Restore(file, data);

        Assert.Equal((0, "", $"restored {UrlOf(file)} into {data}\n"), (exit, output, error));
        Assert.Equal((0, "", ""), NodeCommandsTests.Run("check", "--data-dir", data));
        Assert.Equal(
            NodeCommandsTests.Run("hashkv", file).Output,
            NodeCommandsTests.Run("hashkv", Path.Combine(data, "member/snap/db")).Output);
        JsonNode marker = JsonNode.Parse(File.ReadAllText(Path.Combine(data, StagedRestore.MarkerName)))!;
        Assert.Equal(UrlOf(file), marker["from"]!.GetValue<string>());
        Assert.Equal(Convert.ToHexStringLower(File.ReadAllBytes(file)[^32..]), marker["sha256"]!.GetValue<string>());
        Assert.False(Directory.Exists(data + ".partial"));
    }

    [Fact]
    public void A_directory_that_is_there_is_left_as_it_is_whatever_became_of_the_snapshot()
    {
        using TempDirectory directory = Fixture.Decompress(Older);
        string data = directory["data"];
        Assert.Equal(0, Restore(directory[Older], data).Exit);
        byte[] before = File.ReadAllBytes(Path.Combine(data, "member/snap/db"));
        File.Delete(directory[Older]);

        (int exit, _, string error) = Restore(directory[Older], data);

        Assert.Equal((0, $"{data} is there already: nothing to restore\n"), (exit, error));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(data, "member/snap/db")));
    }

    [Theory]
    [Seeds(12)]
    public void One_wrong_bit_anywhere_is_refused(int seed)
    {
        var random = new Random(seed);
        using TempDirectory directory = Fixture.Decompress(Older);
        byte[] bytes = File.ReadAllBytes(directory[Older]);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(directory[Older], bytes);

        MustRefuse(directory, "Error: expected sha256 ");
    }

    [Theory]
    [Seeds(8)]
    public void A_snapshot_that_ends_too_early_is_refused(int seed)
    {
        var random = new Random(seed);
        using TempDirectory directory = Fixture.Decompress(Older);
        using (var file = new FileStream(directory[Older], FileMode.Open))
            file.SetLength(random.NextInt64(file.Length));

        MustRefuse(directory, "Error: ");
    }

    [Fact]
    public void What_is_no_snapshot_is_refused_by_name()
    {
        using TempDirectory directory = new();
        File.WriteAllText(directory[Older], "Dear reader,");

        MustRefuse(directory, $"Error: {UrlOf(directory[Older])} is no snapshot: 12 bytes");
        File.Delete(directory[Older]);
        MustRefuse(directory, "Error: ");
        Assert.Equal(
            (1, "", "Error: give the snapshot either as a file name or as --from URL\n"),
            NodeCommandsTests.Run("snapshot", "restore", "--data-dir", directory["data"]));
    }

    /// <summary>The volume was emptied below a pod that had data: what the snapshot holds is not what its member
    /// promised since.</summary>
    [Fact]
    public void A_pod_that_had_data_is_given_none_a_second_time()
    {
        using TempDirectory directory = Fixture.Decompress(Older);
        File.WriteAllText(directory["marker"], "");

        (int exit, _, string error) = Restore(
            directory[Older], directory["data"], "--data-marker", directory["marker"]);

        Assert.Equal(1, exit);
        Assert.Contains("says that it had some", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory["data"]));
    }

    [Theory]
    [Seeds(30)]
    public async Task A_restore_that_is_ended_at_any_moment_leaves_nothing_or_all(int seed)
    {
        var random = new Random(seed);
        using TempDirectory directory = Fixture.Decompress(Older);
        byte[] snapshot = File.ReadAllBytes(directory[Older]);
        long operations;
        using (var whole = new SimulatedDisk(new Random(seed)))
        {
            await RestoreAsync(whole, snapshot);
            operations = whole.OperationCount;
        }

        using var disk = new SimulatedDisk(random);
        for (int attempt = 0; attempt < 3; attempt++)
        {
            disk.CrashAtOperation = disk.OperationCount + random.NextInt64(operations);
            try
            {
                await RestoreAsync(disk, snapshot);
            }
            catch (SimulatedCrashException)
            {
                // The power went.
            }

            disk.Crash();
            if (disk.DirectoryExists("/volume/data"))
                MustBeWhole(disk);
        }

        await RestoreAsync(disk, snapshot);
        MustBeWhole(disk);
        Assert.DoesNotContain("data.partial", disk.List("/volume"));
    }

    [Fact]
    public async Task Room_is_looked_for_first_and_its_want_is_told_in_bytes()
    {
        using TempDirectory directory = Fixture.Decompress(Older);
        byte[] snapshot = File.ReadAllBytes(directory[Older]);
        using var disk = new SimulatedDisk(new Random(1));

        var refused = await Assert.ThrowsAsync<CommandFailedException>(
            () => RestoreAsync(disk, snapshot, freeBytes: 1_000_000));

        Assert.Matches(
            "^not enough room in /volume: 1[0-9]+ MB are needed, 1.0 MB are free; make the volume larger",
            refused.Message);
        Assert.False(disk.DirectoryExists("/volume/data"));
        Assert.True(await RestoreAsync(disk, snapshot));
    }

    [Fact]
    public async Task A_disk_that_fills_up_half_way_leaves_nothing_that_a_node_would_start_on()
    {
        using TempDirectory directory = Fixture.Decompress(Older);
        byte[] snapshot = File.ReadAllBytes(directory[Older]);
        using var disk = new SimulatedDisk(new Random(1)) { CapacityBytes = snapshot.Length / 2 };

        await Assert.ThrowsAsync<DiskFullException>(() => RestoreAsync(disk, snapshot));

        Assert.False(disk.DirectoryExists("/volume/data"));
        disk.CapacityBytes = long.MaxValue;
        Assert.True(await RestoreAsync(disk, snapshot));
        MustBeWhole(disk);
    }

    private static void MustRefuse(TempDirectory directory, string message)
    {
        (int exit, string output, string error) = Restore(directory[Older], directory["data"]);

        Assert.Equal((1, ""), (exit, output));
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory["data"]));
    }

    private static (int Exit, string Output, string Error) Restore(string file, string data, params string[] more) =>
        NodeCommandsTests.Run(["snapshot", "restore", $"--from={UrlOf(file)}", $"--data-dir={data}", .. more]);

    private static string UrlOf(string file) => new Uri(file).AbsoluteUri;

    private static Task<bool> RestoreAsync(SimulatedDisk disk, byte[] snapshot, long freeBytes = long.MaxValue)
    {
        var options = new RestoreOptions
        {
            Name = "a",
            Members = RestoreOptions.ReadMembers("a=http://a:2380", "a", "http://a:2380"),
            Token = "t",
            DataDirectory = "/volume/data",
            WalDirectory = "",
            SkipsHashCheck = false,
            BumpRevision = 1000,
        };
        return new StagedRestore(disk, options, _ => freeBytes).RunAsync(
            "memory",
            () => Task.FromResult<(Stream, long?)>((new MemoryStream(snapshot), snapshot.Length)),
            CancellationToken.None);
    }

    private static void MustBeWhole(SimulatedDisk disk)
    {
        var check = new DirectoryCheck(disk, "/volume/data", walDirectory: null);
        check.Run();
        Assert.False(check.FoundDamage);
        Assert.True(disk.FileExists($"/volume/data/{StagedRestore.MarkerName}"));
        Assert.True(SnapshotStatus.Read(disk, "/volume/data/member/snap/db").Revision > 1000);
    }
}
