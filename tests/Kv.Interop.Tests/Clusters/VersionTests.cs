using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Clusters;

/// <summary>Who may serve a cluster of which version.</summary>
public sealed class VersionTests
{
    private const string TooOld = "invalid downgrade; server version is lower than determined cluster version";

    private static readonly TimeSpan RaiseMax = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_member_stops_on_data_of_a_cluster_of_a_later_version()
    {
        using var folder = new TempDirectory();
        NodeSettings now = new(folder["m1"]);
        NodeSettings old = now with { Extra = ["--announced-version", "3.4.30"] };

        // New, it makes a cluster of its own version, and a later one raises that.
        await using (NodeProcess first = await NodeProcess.StartAsync(NodeProgram.Ours, old))
            Assert.True(await first.SaysAsync("\"cluster-version\":\"3.4\"", RaiseMax), first.Output);
        await using (NodeProcess second = await NodeProcess.StartAsync(NodeProgram.Ours, now))
            Assert.True(await second.SaysAsync("\"cluster-version\":\"3.5\"", RaiseMax), second.Output);

        await using NodeProcess third = await NodeProcess.StartToFailAsync(NodeProgram.Ours, old);
        Assert.Equal(1, third.ExitCode);
        Assert.Contains(TooOld, third.Output, StringComparison.Ordinal);
        Assert.Contains("\"level\":\"fatal\"", third.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_does_not_join_a_cluster_of_a_later_version()
    {
        using var folder = new TempDirectory();
        string[] old = ["--announced-version", "3.4.30"];
        await using NodeProcess etcd = await NodeProcess.StartAsync(
            NodeProgram.Etcd35, new NodeSettings(folder["m1"]) { Name = "m1" });
        NodeSettings joining = new(folder["m2"]) { Name = "m2", IsJoining = true, Extra = old };
        ProgramRun added = await ProgramRun.StartAsync(
            EtcdRelease.V35.Etcdctl,
            ["--endpoints", etcd.Endpoint, "member", "add", "m2", "--peer-urls", "http://" + joining.PeerAddress]);
        added.MustSucceed();

        string members = $"m1=http://{etcd.Settings.PeerAddress},m2=http://{joining.PeerAddress}";
        await using NodeProcess refused = await NodeProcess.StartToFailAsync(
            NodeProgram.Ours, joining with { InitialCluster = members });
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("incompatible with current running cluster", refused.Output, StringComparison.Ordinal);
    }
}
