using System.Text.Json;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Files;

/// <summary>Data directories with one injury each. Where nothing acknowledged can be missing, ours serves the recorded
/// contents. Everywhere else it stops, with a message that names what is broken; it never serves half a history,
/// which etcd does with some of these.</summary>
public sealed class DamagedDirectoryTests
{
    private static readonly string[] Versions = ["3.5.30", "3.7.1"];

    /// <summary>Case, and what ours must say when it stops. The parts tell file and place.</summary>
    private static readonly (string Name, string[] Says)[] Stops =
    [
        ("db-flip-element-pos", ["member/snap/db", "page "]),
        ("db-flip-page-flags", ["member/snap/db", "page "]),
        ("db-meta-both", ["member/snap/db", "meta"]),
        ("db-missing", ["member/snap/db"]),
        ("wal-zero-tail-sector", ["member/wal", "are missing"]),
        ("db-truncated", ["member/snap/db"]),
        ("wal-flip-entry", ["0000000000000000-0000000000000000.wal"]),
        ("wal-flip-last-entry", ["0000000000000000-0000000000000000.wal"]),
        ("wal-flip-length", ["0000000000000000-0000000000000000.wal"]),
        ("wal-missing", ["member/wal"]),
        ("wal-zero-middle-sector", ["0000000000000000-0000000000000000.wal"]),
    ];

    /// <summary>Case, and whose recorded state ours must show: its own, or the undamaged one. A bit of a value cannot
    /// be told from another value, for the page file has no checksums; what follows a torn write was never
    /// acknowledged.</summary>
    private static readonly (string Name, string State)[] Serves =
    [
        ("none", "none"),
        ("db-flip-value", "db-flip-value"),
        ("db-flip-value-byte", "db-flip-value-byte"),
        ("db-meta0", "none"),
        ("db-meta1", "none"),
        ("snap-flip-newest", "none"),
        ("snap-missing-all", "none"),
        ("wal-torn-length", "wal-torn-length"),
        ("wal-torn-tail", "wal-torn-tail"),
    ];

    public static TheoryData<string, string, string[]> Stopping =>
        [.. Versions.SelectMany(version => Stops.Select(row => (version, row.Name, row.Says)))];

    public static TheoryData<string, string, string> Serving =>
        [.. Versions.SelectMany(version => Serves.Select(row => (version, row.Name, row.State)))];

    [Theory]
    [MemberData(nameof(Stopping))]
    public async Task Ours_stops_and_says_what_is_broken(string version, string name, string[] says)
    {
        using var directory = new RecordedDirectory($"{version}-damaged-{name}");
        await using NodeProcess node = await NodeProcess.StartToFailAsync(NodeProgram.Ours, directory.Settings);

        Assert.True(node.ExitCode is > 0 and < 128, $"exit {node.ExitCode}\n{node.Output}");
        Assert.All(says, part => Assert.Contains(part, node.Output, StringComparison.Ordinal));
        Assert.DoesNotContain("Unhandled exception", node.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Serving))]
    public Task Ours_serves_what_is_whole(string version, string name, string state) =>
        ServeAsync(NodeProgram.Ours, version, name, state);

    /// <summary>Shows that the comparison is right.</summary>
    [Theory]
    [InlineData("none")]
    [InlineData("db-flip-value")]
    [InlineData("db-meta0")]
    [InlineData("wal-torn-tail")]
    public Task Etcd_serves_as_recorded(string name) =>
        ServeAsync(NodeProgram.Etcd35, "3.5.30", name, name);

    /// <summary>No case is forgotten.</summary>
    [Fact]
    public void Every_injury_has_its_outcome()
    {
        string[] named = [.. Stops.Select(row => row.Name), .. Serves.Select(row => row.Name)];
        string[] archived =
        [
            .. Fixture.Archives
                .Where(archive => archive.StartsWith("3.5.30-damaged-", StringComparison.Ordinal))
                .Select(archive => archive["3.5.30-damaged-".Length..]),
        ];

        Assert.NotEmpty(archived);
        Assert.Empty(archived.Except(named));
    }

    private static async Task ServeAsync(NodeProgram program, string version, string name, string state)
    {
        using JsonDocument json = Fixture.Json($"{version}-damaged-expected");
        var recorded = new RecordedState(json.RootElement.GetProperty("cases").GetProperty(state).GetProperty("state"));

        // The undamaged one has no archive of its own: all were made from it.
        string archive = name == "none" ? $"{version}-killed" : $"{version}-damaged-{name}";
        using var directory = new RecordedDirectory(archive);
        await using NodeProcess node = await NodeProcess.StartAsync(program, directory.Settings);
        using var client = new ApiClient(node.Url);
        NodePicture found = await NodePicture.TakeAsync(client, recorded.Hashes, recorded.Dumps);

        found.MustContain(recorded.Picture(), $"{archive} in {program}");
    }
}
