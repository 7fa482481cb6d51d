using System.Text.Json;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Files;

/// <summary>A program that knows snapshot files: etcdutl, an older etcdctl, or ours.</summary>
public sealed record SnapshotTool(string Name, string File)
{
    public static SnapshotTool Etcdutl35 => new("etcdutl 3.5.30", EtcdRelease.V35.Etcdutl);

    public static SnapshotTool Etcdctl34 => new("etcdctl 3.4.23", EtcdRelease.V34.Etcdctl);

    public static SnapshotTool Ours => new("kv-node", NodeProgram.Ours.File);

    public override string ToString() => Name;

    /// <summary>What the tool says of a file.</summary>
    public async Task<SnapshotStatus> StatusAsync(string path)
    {
        ProgramRun run = await RunAsync("snapshot", "status", path, "-w", "json");
        return JsonSerializer.Deserialize<SnapshotStatus>(run.MustSucceed().Output, JsonSerializerOptions.Web)!;
    }

    /// <summary>Makes a data directory for a member of a new cluster.</summary>
    public async Task RestoreAsync(string path, NodeSettings settings)
    {
        string peer = "http://" + (settings.AdvertisedPeerAddress ?? settings.PeerAddress);
        ProgramRun run = await RunAsync(
            "snapshot",
            "restore",
            path,
            "--data-dir",
            settings.DataDirectory,
            "--name",
            settings.Name,
            "--initial-cluster",
            settings.InitialCluster ?? $"{settings.Name}={peer}",
            "--initial-advertise-peer-urls",
            peer,
            "--initial-cluster-token",
            settings.Token);
        run.MustSucceed();
    }

    private Task<ProgramRun> RunAsync(params string[] arguments) =>
        ProgramRun.StartAsync(
            File,
            arguments,
            environment: new Dictionary<string, string> { ["ETCDCTL_API"] = "3" });
}
