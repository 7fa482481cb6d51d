using System.Text.Json;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Files;

/// <summary>Data directories that real etcd servers of four versions left behind, orderly or killed.</summary>
public sealed class RecordedDirectoryTests
{
    /// <summary>Archive, recording, and where in it the state after a restart stands.</summary>
    public static TheoryData<string, string, string> Directories
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (string version in (string[])["3.4.23", "3.5.30", "3.6.13", "3.7.1"])
            {
                foreach (string variant in (string[])["clean", "killed", "auth"])
                    all.Add($"{version}-{variant}", $"{version}-expected", $"variants/{variant}/after_restart");
            }

            foreach (string version in (string[])["3.5.30", "3.7.1"])
            {
                all.Add($"{version}-nospace", $"{version}-expected", "variants/nospace/after_restart");
                all.Add($"{version}-segments", $"{version}-segments-expected", "after_restart");
            }

            return all;
        }
    }

    /// <summary>Those that a 3.5 can open.</summary>
    public static TheoryData<string, string, string> OldDirectories =>
        [.. Directories.Where(row => string.CompareOrdinal(row.Data.Item1, "3.6") < 0)];

    [Theory]
    [MemberData(nameof(Directories))]
    public Task Ours_opens_what_etcd_left(string archive, string recording, string place) =>
        OpenAsync(NodeProgram.Ours, archive, recording, place);

    /// <summary>Shows that the comparison is right.</summary>
    [Theory]
    [MemberData(nameof(OldDirectories))]
    public Task Etcd_opens_what_etcd_left(string archive, string recording, string place) =>
        OpenAsync(NodeProgram.Etcd35, archive, recording, place);

    private static async Task OpenAsync(NodeProgram program, string archive, string recording, string place)
    {
        using JsonDocument json = Fixture.Json(recording);
        JsonElement fields = place.Split('/').Aggregate(json.RootElement, (at, name) => at.GetProperty(name));
        var recorded = new RecordedState(fields);

        using var directory = new RecordedDirectory(archive);
        await using NodeProcess node = await NodeProcess.StartAsync(program, directory.Settings);
        using var client = new ApiClient(node.Url);
        await RecordedDirectory.LogInAsync(client, "root", "rootpw");
        NodePicture found = await NodePicture.TakeAsync(client, recorded.Hashes, recorded.Dumps);

        found.MustEqual(recorded.Picture(), $"{archive} in {program}");
    }
}
