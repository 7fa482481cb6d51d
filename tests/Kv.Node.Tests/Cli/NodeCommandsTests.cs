using System.Text.Json;
using Kv.Server.Cli;
using Kv.Storage;
using Kv.Testing;

namespace Kv.Node.Tests.Cli;

/// <summary>On files that real etcd servers wrote, with what etcd's own tools said of them.</summary>
public sealed class NodeCommandsTests
{
    public static TheoryData<string> Versions => ["3.4.23", "3.5.30", "3.6.13", "3.7.1"];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Status_of_a_snapshot_is_what_etcdutl_says(string version)
    {
        using TempDirectory directory = Fixture.Decompress($"{version}-snapshot.db");
        using JsonDocument expected = Fixture.Json($"{version}-expected");
        JsonElement status = expected.RootElement.GetProperty("snapshot").GetProperty("snapshot_status");

        JsonElement answer = RunJson("snapshot", "status", directory[$"{version}-snapshot.db"], "-w", "json");

        foreach (JsonProperty property in status.EnumerateObject())
        {
            // What counts as a key has changed with 3.6; this is the new count for all.
            if (property.Name != "totalKey" || string.CompareOrdinal(version, "3.6") > 0)
                Assert.Equal(property.Value.ToString(), answer.GetProperty(property.Name).ToString());
        }
    }

    [Fact]
    public void Status_comes_in_four_forms()
    {
        using TempDirectory directory = Fixture.Decompress("3.7.1-snapshot.db");
        string file = directory["3.7.1-snapshot.db"];

        Assert.Equal("ebe56faf, 132, 60, 356 kB, 3.7.0\n", Run("snapshot", "status", file).Output);
        Assert.Equal(
            "{\"hash\":3957682095,\"revision\":132,\"totalKey\":60,\"totalSize\":356352,\"version\":\"3.7.0\"}\n",
            Run("snapshot", "status", file, "--write-out", "json").Output);
        Assert.Equal(
            "\"Hash\" : 3957682095\n\"Revision\" : 132\n\"Keys\" : 60\n\"Size\" : 356352\n\"Version\" : 3.7.0\n",
            Run("-w", "fields", "snapshot", "status", file).Output);
        Assert.Equal(
            """
            ┌──────────┬──────────┬────────────┬────────────┬─────────┐
            │   HASH   │ REVISION │ TOTAL KEYS │ TOTAL SIZE │ VERSION │
            ├──────────┼──────────┼────────────┼────────────┼─────────┤
            │ ebe56faf │      132 │         60 │     356 kB │   3.7.0 │
            └──────────┴──────────┴────────────┴────────────┴─────────┘

            """,
            Run("snapshot", "status", file, "-w=table").Output);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Hash_of_a_snapshot_is_that_of_the_server_it_came_from(string version)
    {
        using TempDirectory directory = Fixture.Decompress($"{version}-snapshot.db");
        using JsonDocument expected = Fixture.Json($"{version}-expected");
        JsonElement taken = expected.RootElement.GetProperty("snapshot").GetProperty("hashkv_when_taken");

        JsonElement answer = RunJson("hashkv", directory[$"{version}-snapshot.db"], "-w", "json");

        Assert.Equal(taken.GetProperty("hash").GetInt64(), answer.GetProperty("hash").GetInt64());
        Assert.Equal(
            taken.GetProperty("compact_revision").GetInt64(), answer.GetProperty("compactRevision").GetInt64());
    }

    [Fact]
    public void Hash_can_be_asked_for_an_earlier_revision()
    {
        using TempDirectory directory = Fixture.Decompress("3.7.1-snapshot.db");
        string file = directory["3.7.1-snapshot.db"];

        Assert.Equal("1766596073, 127, 113\n", Run("hashkv", file, "--rev", "127").Output);
        Assert.Equal(
            (1, "Error: etcdserver: mvcc: required revision is a future revision\n"),
            Failure("hashkv", file, "--rev=133"));
        Assert.Equal(
            (1, "Error: etcdserver: mvcc: required revision has been compacted\n"), Failure("hashkv", file, "--rev=5"));
    }

    [Fact]
    public void Hashing_a_file_leaves_it_as_it_was()
    {
        using TempDirectory directory = Fixture.Decompress("3.5.30-snapshot.db");
        string file = directory["3.5.30-snapshot.db"];
        byte[] before = File.ReadAllBytes(file);

        Run("hashkv", file);
        Run("snapshot", "status", file);

        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public void Defragmenting_shortens_the_file_and_changes_no_hash()
    {
        using TempDirectory directory = Fixture.Unpack("3.5.30-clean");
        string data = directory["m1.etcd"];
        string file = Path.Combine(data, "member/snap/db");
        long before = new FileInfo(file).Length;
        string hash = Run("hashkv", file).Output;

        string output = Run("defrag", "--data-dir", data).Output;

        Assert.StartsWith(file + ", ", output);
        Assert.True(new FileInfo(file).Length < before, output);
        Assert.Equal(hash, Run("hashkv", file).Output);
    }

    [Fact]
    public void Mistakes_are_told_and_change_nothing()
    {
        Assert.Equal((1, "Error: stat nofile: no such file or directory\n"), Failure("snapshot", "status", "nofile"));
        Assert.Equal((1, "Error: stat nofile: no such file or directory\n"), Failure("hashkv", "nofile"));
        Assert.Equal((4, "Error: unsupported output format\n"), Failure("hashkv", "nofile", "-w", "xml"));
        Assert.Equal(1, Failure("defrag").Exit);
        Assert.Equal(1, Failure("snapshot", "status").Exit);
        Assert.Equal(1, Failure("snapshot", "status", "a", "b").Exit);
        Assert.Equal(1, Failure("check", "--data-dir", "/nowhere", "--nope").Exit);
        Assert.Equal((1, "Error: there is no data in /nowhere\n"), Failure("check", "--data-dir", "/nowhere"));
    }

    [Theory]
    [InlineData(true, "snapshot", "status", "x")]
    [InlineData(true, "check")]
    [InlineData(false, "--data-dir", "check")]
    [InlineData(false)]
    public void Commands_are_told_from_flags_of_the_server(bool areMeant, params string[] arguments) =>
        Assert.Equal(areMeant, NodeCommands.AreMeant(arguments));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1.0 kB")]
    [InlineData(9949, "9.9 kB")]
    [InlineData(253_952, "254 kB")]
    [InlineData(2_147_483_648, "2.1 GB")]
    [InlineData(1_000_000_000_000, "1.0 TB")]
    public void Sizes_are_short(long bytes, string text) => Assert.Equal(text, HumanBytes.Format(bytes));

    internal static (int Exit, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int exit = new NodeCommands(new RealDisk(), output, error).Run(arguments);
        return (exit, output.ToString(), error.ToString());
    }

    private static (int Exit, string Error) Failure(params string[] arguments)
    {
        (int exit, string output, string error) = Run(arguments);
        Assert.Equal("", output);
        Assert.StartsWith("Error: ", error);
        return (exit, error);
    }

    private static JsonElement RunJson(params string[] arguments)
    {
        (int exit, string output, string error) = Run(arguments);
        Assert.Equal((0, ""), (exit, error));
        return JsonDocument.Parse(output).RootElement;
    }
}
