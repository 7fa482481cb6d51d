using System.Text.Json;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Files;

/// <summary>Snapshot files go from ours to etcd's tools and back.</summary>
public sealed class SnapshotTests
{
    public static TheoryData<string> Recorded => ["3.4.23", "3.5.30", "3.6.13", "3.7.1"];

    [Fact]
    public Task Etcd_restores_what_was_saved_from_ours() =>
        SaveAndRestoreAsync(NodeProgram.Ours, SnapshotTool.Etcdutl35, NodeProgram.Etcd35);

    [Fact]
    public Task Ours_restores_what_was_saved_from_etcd() =>
        SaveAndRestoreAsync(NodeProgram.Etcd35, SnapshotTool.Ours, NodeProgram.Ours);

    [Fact]
    public Task Ours_restores_what_was_saved_from_ours() =>
        SaveAndRestoreAsync(NodeProgram.Ours, SnapshotTool.Ours, NodeProgram.Ours);

    /// <summary>Shows that the comparison is right.</summary>
    [Fact]
    public Task Etcd_restores_what_was_saved_from_etcd() =>
        SaveAndRestoreAsync(NodeProgram.Etcd35, SnapshotTool.Etcdutl35, NodeProgram.Etcd35);

    [Theory]
    [MemberData(nameof(Recorded))]
    public async Task Ours_tells_of_a_recorded_snapshot_what_etcd_told(string version)
    {
        using JsonDocument json = Fixture.Json($"{version}-expected");
        JsonElement recorded = json.RootElement.GetProperty("snapshot").GetProperty("snapshot_status");
        using TempDirectory folder = Fixture.Decompress($"{version}-snapshot.db");

        SnapshotStatus status = await SnapshotTool.Ours.StatusAsync(folder[$"{version}-snapshot.db"]);

        Assert.Equal(recorded.GetProperty("hash").GetUInt32(), status.Hash);
        Assert.Equal(recorded.GetProperty("revision").GetInt64(), status.Revision);
        Assert.Equal(recorded.GetProperty("totalSize").GetInt64(), status.TotalSize);
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public async Task Ours_restores_a_recorded_snapshot(string version)
    {
        using JsonDocument json = Fixture.Json($"{version}-expected");
        JsonElement recorded = json.RootElement.GetProperty("snapshot");
        JsonElement hash = recorded.GetProperty("hashkv_when_taken");
        using TempDirectory folder = Fixture.Decompress($"{version}-snapshot.db");
        var settings = new NodeSettings(folder["m1.etcd"]);
        await SnapshotTool.Ours.RestoreAsync(folder[$"{version}-snapshot.db"], settings);

        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);
        using var client = new ApiClient(node.Url);
        NodePicture found = await NodePicture.TakeAsync(client, [0], []);

        long revision = recorded.GetProperty("taken_at_revision").GetInt64();
        string wanted = $"hashkv 0: {hash.GetProperty("hash")}, compacted {hash.GetProperty("compact_revision")}";
        Assert.Equal([$"revision {revision}", wanted], found.Lines.Take(2));
    }

    private static async Task SaveAndRestoreAsync(NodeProgram saved, SnapshotTool tool, NodeProgram restored)
    {
        using var folder = new TempDirectory();
        var settings = new NodeSettings(folder["saved.etcd"]);
        (NodePicture before, long compacted) = await SaveAsync(saved, settings, folder);

        await CompareToolsAsync(folder);
        NodeSettings other = settings with { DataDirectory = folder["restored.etcd"] };
        await tool.RestoreAsync(folder["3.5.db"], other);
        await using NodeProcess node = await NodeProcess.StartAsync(restored, other);
        using var client = new ApiClient(node.Url);

        NodePicture after = await PictureAsync(client, compacted);
        after.MustEqual(before, $"{saved} restored by {tool} in {restored}");
    }

    private static async Task<(NodePicture Before, long Compacted)> SaveAsync(
        NodeProgram program,
        NodeSettings settings,
        TempDirectory folder)
    {
        await using NodeProcess node = await NodeProcess.StartAsync(program, settings);
        using var client = new ApiClient(node.Url);
        long compacted = await new Workload(client).RunAsync();
        NodePicture before = await PictureAsync(client, compacted);
        await SaveAsync(EtcdRelease.V34, node, folder["3.4.db"]);
        await SaveAsync(EtcdRelease.V35, node, folder["3.5.db"]);
        await node.StopAsync();
        return (before, compacted);
    }

    private static async Task SaveAsync(EtcdRelease release, NodeProcess node, string path)
    {
        var environment = new Dictionary<string, string>
        {
            ["ETCDCTL_API"] = "3",
            ["ETCDCTL_ENDPOINTS"] = node.Endpoint,
        };
        ProgramRun run = await ProgramRun.StartAsync(
            release.Etcdctl,
            ["snapshot", "save", path],
            environment: environment);
        run.MustSucceed();
    }

    private static async Task CompareToolsAsync(TempDirectory folder)
    {
        SnapshotStatus byEtcdutl = await SnapshotTool.Etcdutl35.StatusAsync(folder["3.5.db"]);
        SnapshotStatus byEtcdctl = await SnapshotTool.Etcdctl34.StatusAsync(folder["3.4.db"]);

        Assert.True(byEtcdutl.TotalKey > 0 && byEtcdutl.Revision > 1, $"{byEtcdutl}");
        Assert.Equal(byEtcdutl, byEtcdctl);
    }

    private static async Task<NodePicture> PictureAsync(ApiClient client, long compacted)
    {
        long revision = await NodePicture.RevisionAsync(client);
        IReadOnlyList<long> revisions = Workload.Revisions(revision, compacted);
        return await NodePicture.TakeAsync(client, revisions.Skip(1), revisions);
    }
}
