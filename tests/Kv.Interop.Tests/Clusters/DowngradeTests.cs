using Etcdserverpb;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Clusters;

/// <summary>A cluster goes back to an older version, member by member.</summary>
public sealed class DowngradeTests
{
    private const string Target = "3.4.0";

    private static readonly NodeProgram[] ThreeOfOurs = [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours];

    [Fact]
    public async Task A_downgrade_lowers_the_clusters_version_and_ends_when_all_members_are_of_it()
    {
        await using TestCluster cluster =
            await TestCluster.StartAsync(ThreeOfOurs, "--downgrade-check-time", "100ms");
        await cluster.UntilAsync("the cluster has a version", async () =>
            (await RefuseAsync(cluster, DowngradeRequest.Types.DowngradeAction.Validate, "3.9"))
                == "etcdserver: invalid downgrade target version");
        DowngradeResponse begun = await cluster.AskAsync<DowngradeResponse>(
            "m1",
            "Maintenance/Downgrade",
            new DowngradeRequest { Action = DowngradeRequest.Types.DowngradeAction.Enable, Version = "3.4" });
        Assert.Equal("3.5", begun.Version);
        await cluster.UntilAsync("all members know of it", async () => await AllAsync(cluster, Target));
        Assert.Equal("true", await AskPeerAsync(cluster, "m2", "/downgrade/enabled"));
        await cluster.UntilAsync("the cluster's version is lower", async () =>
            (await AskPeerAsync(cluster, "m3", "/version")).Contains(Target, StringComparison.Ordinal));

        foreach (string name in (string[])["m1", "m2", "m3"])
        {
            Assert.True(await AllAsync(cluster, Target)); // until the last one has come
            await cluster.StopAsync(name);
            await cluster.RestartAsync(name, "--announced-version", "3.4.30");
            await cluster.UntilAsync("it is back", async () => (await cluster.StatusAsync(name)).Leader != 0);
        }

        await cluster.UntilAsync("the downgrade has ended", async () => await AllAsync(cluster, ""));
        Assert.Equal("false", await AskPeerAsync(cluster, "m2", "/downgrade/enabled"));
        Assert.Contains(Target, await AskPeerAsync(cluster, "m2", "/version"), StringComparison.Ordinal);
        Assert.Contains(
            cluster.Nodes.Values,
            node => node.Output.Contains("the cluster has been downgraded", StringComparison.Ordinal));
        await cluster.MustAgreeAsync();
    }

    // What the downgrade under way leads to, as all members say.
    private static async Task<bool> AllAsync(TestCluster cluster, string target)
    {
        foreach (string name in cluster.Nodes.Keys)
        {
            DowngradeInfo found = (await cluster.StatusAsync(name)).DowngradeInfo;
            if (found.TargetVersion != target || found.Enabled != target.Length > 0)
                return false;
        }

        return true;
    }

    private static async Task<string> RefuseAsync(
        TestCluster cluster, DowngradeRequest.Types.DowngradeAction action, string version)
    {
        var request = new DowngradeRequest { Action = action, Version = version };
        ApiException refusal = await cluster.RefuseAsync("m1", "Maintenance/Downgrade", request);
        return refusal.Detail;
    }

    private static async Task<string> AskPeerAsync(TestCluster cluster, string name, string path)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(new Uri(cluster.Nodes[name].Settings.PeerUrl), path));
    }
}
