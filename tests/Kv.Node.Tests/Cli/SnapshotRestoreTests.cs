using System.Text;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Cli;

/// <summary>From snapshots that real etcd servers wrote.</summary>
public sealed class SnapshotRestoreTests
{
    [Theory]
    [InlineData("3.4.23")]
    [InlineData("3.5.30")]
    [InlineData("3.6.13")]
    [InlineData("3.7.1")]
    public void A_restored_directory_is_sound_and_has_the_same_keys(string version)
    {
        using TempDirectory directory = Fixture.Decompress($"{version}-snapshot.db");
        string file = directory[$"{version}-snapshot.db"];
        string data = directory["data"];

        (int exit, string output, string error) =
            NodeCommandsTests.Run("snapshot", "restore", file, "--data-dir", data);

        Assert.Equal((0, "", $"restored {file} into {data}\n"), (exit, output, error));
        Assert.Equal((0, "", ""), NodeCommandsTests.Run("check", "--data-dir", data));
        Assert.Equal(
            NodeCommandsTests.Run("hashkv", file).Output,
            NodeCommandsTests.Run("hashkv", Path.Combine(data, "member/snap/db")).Output);
    }

    /// <summary>The ids are those that etcd computes for the same settings.</summary>
    [Fact]
    public void Members_are_those_of_the_new_cluster_and_no_others()
    {
        using TempDirectory directory = Fixture.Decompress("3.5.30-snapshot.db");
        string data = directory["data"];
        NodeCommandsTests.Run("snapshot", "restore", directory["3.5.30-snapshot.db"], "--data-dir", data);

        LogSummary log = LogReader.Summarize(new RealDisk(), Path.Combine(data, "member/wal"));
        Assert.Equal(new LogMetadata(0x8e9e05c52164694d, 0xcdf818194e3a8c32), log.Metadata);
        Assert.Equal(new LogState(Term: 1, Vote: 0x8e9e05c52164694d, Commit: 1), log.State);
        Assert.Equal([0UL, 1UL], log.Snapshots.Select(snapshot => snapshot.Index));
        Assert.Equal([0x8e9e05c52164694d], log.Snapshots[1].ConfState!.Voters);
        Assert.True(File.Exists(Path.Combine(data, "member/snap/0000000000000001-0000000000000001.snap")));

        using PageFile pages = OpenPages(data);
        using ReadTransaction read = pages.BeginRead();
        Assert.Equal(
            [
                "8e9e05c52164694d={\"id\":10276657743932975437,\"peerURLs\":[\"http://localhost:2380\"]," +
                "\"name\":\"default\"}",
            ],
            Rows(read, "members"));
        Assert.Empty(Rows(read, "members_removed"));
        Assert.Contains("confState={\"voters\":[10276657743932975437],\"auto_leave\":false}", Rows(read, "meta"));
        Assert.Contains("consistent_index=\0\0\0\0\0\0\0\u0001", Rows(read, "meta"));
        Assert.NotEmpty(Rows(read, "authUsers"));
        Assert.NotEmpty(Rows(read, "lease"));
    }

    [Fact]
    public void Members_of_a_cluster_agree_on_everything_but_who_they_are()
    {
        using TempDirectory directory = Fixture.Decompress("3.7.1-snapshot.db");
        LogSummary[] logs =
        [
            .. new[] { ("a", "http://10.0.0.1:2380"), ("b", "http://10.0.0.2:2380") }.Select(self =>
            {
                Assert.Equal(0, NodeCommandsTests.Run(
                    "snapshot", "restore", directory["3.7.1-snapshot.db"], "--name", self.Item1,
                    "--data-dir", directory[self.Item1], "--wal-dir", directory["wal-" + self.Item1],
                    "--initial-cluster", "a=http://10.0.0.1:2380,b=http://10.0.0.2:2380",
                    "--initial-advertise-peer-urls", self.Item2, "--initial-cluster-token", "t").Exit);
                return LogReader.Summarize(new RealDisk(), directory["wal-" + self.Item1]);
            }),
        ];

        Assert.Equal(logs[0].State, logs[1].State);
        Assert.Equal(2UL, logs[0].LastIndex);
        Assert.Equal(logs[0].Metadata.ClusterId, logs[1].Metadata.ClusterId);
        Assert.NotEqual(logs[0].Metadata.NodeId, logs[1].Metadata.NodeId);
    }

    [Fact]
    public void A_raised_revision_is_the_last_and_all_before_it_compacted()
    {
        using TempDirectory directory = Fixture.Decompress("3.7.1-snapshot.db");
        string data = directory["data"];

        (int exit, _, _) = NodeCommandsTests.Run(
            "snapshot", "restore", directory["3.7.1-snapshot.db"], "--data-dir", data, "--bump-revision=1000",
            "--mark-compacted");

        Assert.Equal(0, exit);
        string status = NodeCommandsTests.Run("snapshot", "status", Path.Combine(data, "member/snap/db")).Output;
        Assert.Contains(", 1132, 60, ", status);
        using PageFile pages = OpenPages(data);
        using ReadTransaction read = pages.BeginRead();
        Assert.Contains("scheduledCompactRev=\0\0\0\0\0\0\u0004l_\0\0\0\0\0\0\0\0", Rows(read, "meta"));
    }

    [Fact]
    public void A_damaged_snapshot_is_refused_and_leaves_no_page_file()
    {
        using TempDirectory directory = Fixture.Decompress("3.7.1-snapshot.db");
        string file = directory["3.7.1-snapshot.db"];
        byte[] bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);

        Assert.StartsWith("Error: expected sha256 ", Failure(directory, file));
        Assert.False(File.Exists(Path.Combine(directory["data"], "member/snap/db")));
    }

    [Fact]
    public void A_file_without_a_checksum_is_taken_only_when_asked()
    {
        using TempDirectory directory = Fixture.Unpack("3.5.30-clean");
        string file = Path.Combine(directory["m1.etcd"], "member/snap/db");

        Assert.Equal("Error: snapshot missing hash but --skip-hash-check=false\n", Failure(directory, file));

        using TempDirectory target = new();
        (int exit, _, _) = NodeCommandsTests.Run(
            "snapshot", "restore", file, "--data-dir", target["data"], "--skip-hash-check");
        Assert.Equal(0, exit);
    }

    [Fact]
    public void What_makes_no_sense_is_refused_before_anything_is_written()
    {
        using TempDirectory directory = Fixture.Decompress("3.7.1-snapshot.db");
        string file = directory["3.7.1-snapshot.db"];

        Assert.Equal(
            "Error: couldn't find local name \"m1\" in the initial cluster configuration\n",
            Failure(directory, file, "--name", "m1"));
        Assert.Equal(
            "Error: --mark-compacted required if --revision-bump > 0\n", Failure(directory, file, "--bump-revision=5"));
        Assert.Equal(
            "Error: --mark-compacted required if --revision-bump > 0\n", Failure(directory, file, "--mark-compacted"));
        Assert.StartsWith(
            "Error: --initial-cluster has default=http://localhost:2380 but missing from",
            Failure(directory, file, "--initial-advertise-peer-urls", "http://a:1"));
        Assert.Equal("Error: open nofile: no such file or directory\n", Failure(directory, "nofile"));
        Assert.False(Directory.Exists(directory["data"]));
        Assert.Equal(
            $"Error: data-dir \"{directory.Path}\" not empty or could not be read\n",
            NodeCommandsTests.Run("snapshot", "restore", file, "--data-dir", directory.Path).Error);
    }

    private static string Failure(TempDirectory directory, string file, params string[] more)
    {
        (int exit, string output, string error) = NodeCommandsTests.Run(
            ["snapshot", "restore", file, "--data-dir", directory["data"], .. more]);
        Assert.Equal((1, ""), (exit, output));
        return error;
    }

    private static PageFile OpenPages(string data) =>
        PageFile.Open(
            new RealDisk(), Path.Combine(data, "member/snap/db"), new PageFileOptions { ReadOnly = true });

    private static List<string> Rows(ReadTransaction read, string name)
    {
        var rows = new List<string>();
        Assert.True(read.TryOpenBucket(Encoding.ASCII.GetBytes(name), out Bucket bucket));
        Cursor cursor = bucket.OpenCursor();
        for (bool isThere = cursor.SeekFirst(); isThere; isThere = cursor.Next())
            rows.Add($"{Encoding.Latin1.GetString(cursor.Key)}={Encoding.Latin1.GetString(cursor.Value)}");
        return rows;
    }
}
