using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Clusters;

/// <summary>Three members of ours, as processes.</summary>
public sealed class ClusterTests
{
    // Two election timeouts of at most 2 s each, and what an attempt at a dead member costs.
    private static readonly TimeSpan FailoverMax = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan LoadMax = TimeSpan.FromSeconds(60);

    private static readonly NodeProgram[] ThreeOfOurs = [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours];

    [Fact]
    public async Task A_killed_leader_costs_an_election_and_comes_back()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(ThreeOfOurs);
        await using var writer = new SteadyWriter("kill/", () => [.. cluster.Nodes.Values]);
        for (int round = 0; round < 3; round++)
        {
            await writer.MoreAsync(50, LoadMax);
            string leader = await cluster.LeaderAsync();
            await cluster.KillAsync(leader);
            await writer.MoreAsync(1, FailoverMax);
            await writer.MoreAsync(50, LoadMax);
            await cluster.RestartAsync(leader);
        }

        await writer.MustAllBeAtAsync(cluster.Nodes["m1"]);
        await cluster.MustAgreeAsync();
    }

    [Fact]
    public async Task A_paused_leader_is_replaced_and_follows_when_it_goes_on()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(ThreeOfOurs);
        NodeProcess paused = cluster.Nodes[await cluster.LeaderAsync()];
        NodeProcess[] others = [.. cluster.Nodes.Values.Where(node => node != paused)];
        await using var writer = new SteadyWriter("pause/", () => others);

        await paused.SendAsync("STOP");
        await writer.MoreAsync(50, FailoverMax);
        await paused.SendAsync("CONT");

        await writer.MustAllBeAtAsync(paused);
        await cluster.MustAgreeAsync();
    }

    [Fact]
    public async Task A_member_far_behind_catches_up_by_a_snapshot()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(
            ThreeOfOurs, "--snapshot-count", "50", "--snapshot-catchup-entries", "5");
        await using var writer = new SteadyWriter("behind/", () => [.. cluster.Nodes.Values]);
        await cluster.KillAsync("m2");
        await writer.MoreAsync(300, LoadMax);

        await cluster.RestartAsync("m2");

        await writer.MoreAsync(50, LoadMax);
        await writer.MustAllBeAtAsync(cluster.Nodes["m2"]);
        await cluster.MustAgreeAsync();
        Assert.True(
            await cluster.Nodes["m2"].SaysAsync("received and saved database snapshot", TimeSpan.FromSeconds(1)),
            cluster.Nodes["m2"].Output);
    }

    [Fact]
    public async Task A_member_whose_disk_was_lost_comes_back_as_a_new_one()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(ThreeOfOurs);
        await using var writer = new SteadyWriter("wipe/", () => [.. cluster.Nodes.Values]);
        await writer.MoreAsync(50, LoadMax);
        await cluster.KillAsync("m3");
        cluster.Wipe("m3");

        await cluster.RemoveAsync("m3");
        await cluster.JoinAsync("m4", NodeProgram.Ours);

        await writer.MoreAsync(50, LoadMax);
        await writer.MustAllBeAtAsync(cluster.Nodes["m4"]);
        await cluster.MustAgreeAsync();
    }
}
