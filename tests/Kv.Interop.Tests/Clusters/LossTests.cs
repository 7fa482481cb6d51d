using Kv.Interop.Tests.Files;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Clusters;

/// <summary>Most members are lost for good, or all of them: the cluster goes on from what is left.</summary>
public sealed class LossTests
{
    private static readonly TimeSpan LoadMax = TimeSpan.FromSeconds(60);

    private static readonly NodeProgram[] ThreeOfOurs = [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours];

    /// <summary>Also one of an etcd's cluster.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_survivor_becomes_a_cluster_of_its_own_and_grows_again(bool isOurs)
    {
        NodeProgram before = isOurs ? NodeProgram.Ours : NodeProgram.Etcd35;
        await using TestCluster cluster = await TestCluster.StartAsync([before, before, before]);
        await using (var writer = new SteadyWriter("before/", () => [.. cluster.Nodes.Values]))
        {
            await writer.MoreAsync(100, LoadMax);
            await cluster.KillAsync("m2");
            await writer.MoreAsync(30, LoadMax);
            await cluster.KillAsync("m3");
            await cluster.KillAsync("m1");

            await cluster.RestartAsync("m1", NodeProgram.Ours, "--force-new-cluster");

            await writer.MoreAsync(30, LoadMax);
            await writer.MustAllBeAtAsync(cluster.Nodes["m1"]);
        }

        await using var after = new SteadyWriter("after/", () => [.. cluster.Nodes.Values]);
        await cluster.JoinAsync("m4", NodeProgram.Ours);
        await cluster.JoinAsync("m5", NodeProgram.Ours);
        Assert.Equal(["m1", "m4", "m5"], await cluster.MemberNamesAsync());

        // It follows as any other from now on, and the flag is not wanted any more.
        await cluster.KillAsync("m1");
        await after.MoreAsync(30, LoadMax);
        await cluster.RestartAsync("m1");
        await after.MoreAsync(30, LoadMax);
        await after.MustAllBeAtAsync(cluster.Nodes["m1"]);
        await cluster.MustAgreeAsync();
    }

    /// <summary>Each member gets its directory from the same snapshot.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Three_members_start_on_what_a_snapshot_was_restored_to(bool byEtcdutl)
    {
        using var folder = new TempDirectory();
        SnapshotTool tool = byEtcdutl ? SnapshotTool.Etcdutl35 : SnapshotTool.Ours;
        NodeProgram[] programs = byEtcdutl ? ThreeOfOurs : [NodeProgram.Ours, NodeProgram.Etcd35, NodeProgram.Ours];
        await using SteadyWriter writer = await SaveAsync(folder["saved.db"]);

        await using TestCluster cluster =
            await TestCluster.StartAsync(programs, settings => tool.RestoreAsync(folder["saved.db"], settings));

        foreach (NodeProcess node in cluster.Nodes.Values)
            await writer.MustAllBeAtAsync(node);
        Assert.Equal(["m1", "m2", "m3"], await cluster.MemberNamesAsync());
        await using var after = new SteadyWriter("after/", () => [.. cluster.Nodes.Values]);
        await after.MoreAsync(30, LoadMax);
        await after.MustAllBeAtAsync(cluster.Nodes["m2"]);
        await cluster.MustAgreeAsync();
    }

    private static async Task<SteadyWriter> SaveAsync(string path)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(ThreeOfOurs);
        var writer = new SteadyWriter("saved/", () => [.. cluster.Nodes.Values]);
        await writer.MoreAsync(50, LoadMax);
        await writer.MustAllBeAtAsync(cluster.Nodes["m3"]);

        ProgramRun run = await ProgramRun.StartAsync(
            EtcdRelease.V35.Etcdctl, ["--endpoints", cluster.Nodes["m3"].Endpoint, "snapshot", "save", path]);
        run.MustSucceed();
        return writer;
    }
}
