using Etcdserverpb;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Clusters;

/// <summary>Members that are added and never come, or are down while others are added: ours and etcd allow and refuse
/// the same.</summary>
public sealed class StrictReconfigurationTests
{
    private const string Unhealthy = "etcdserver: unhealthy cluster";
    private const string NotStarted = "etcdserver: re-configuration failed due to not enough started members";

    public static TheoryData<string> Programs => new("ours", "etcd 3.5");

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_second_voter_is_added_while_the_first_has_not_started(string program)
    {
        await using TestCluster cluster = await StartAsync(program);
        string leader = await cluster.LeaderAsync();
        ulong first = await AddWhenHealthyAsync(cluster, leader);
        await cluster.AskAsync<MemberAddResponse>(leader, "Cluster/MemberAdd", New("http://127.0.0.2:1"));
        Assert.Equal(NotStarted, await RefusedAsync(cluster, leader, New("http://127.0.0.3:1")));
        Assert.Equal(Unhealthy, await RefusedAsync(cluster, leader, New("http://127.0.0.3:1", isLearner: true)));
        await cluster.AskAsync<MemberRemoveResponse>(
            leader, "Cluster/MemberRemove", new MemberRemoveRequest { ID = first });
        await cluster.AskAsync<MemberAddResponse>(
            leader, "Cluster/MemberAdd", New("http://127.0.0.4:1", isLearner: true));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Nobody_is_added_while_a_third_of_the_voters_is_down(string program)
    {
        await using TestCluster cluster = await StartAsync(program);
        string leader = await cluster.LeaderAsync();
        ulong added = await AddWhenHealthyAsync(cluster, leader);
        await cluster.AskAsync<MemberRemoveResponse>(
            leader, "Cluster/MemberRemove", new MemberRemoveRequest { ID = added });

        string dead = cluster.Nodes.Keys.First(name => name != leader);
        string alive = cluster.Nodes.Keys.Last(name => name != leader);
        ulong leaderId = await cluster.IdOfAsync(leader);
        ulong deadId = await cluster.IdOfAsync(dead);
        ulong aliveId = await cluster.IdOfAsync(alive);
        await cluster.KillAsync(dead);
        string gauge = $"etcd_network_active_peers{{Local=\"{leaderId:x}\",Remote=\"{deadId:x}\"}}";
        await Metrics.WaitForAsync(cluster.Nodes[leader].Url, gauge, 0);
        Assert.Equal(Unhealthy, await RefusedAsync(cluster, leader, new MemberRemoveRequest { ID = aliveId }));
        Assert.Equal(Unhealthy, await RefusedAsync(cluster, leader, New("http://127.0.0.3:1")));
        Assert.Equal(Unhealthy, await RefusedAsync(cluster, leader, New("http://127.0.0.3:1", isLearner: true)));
        await cluster.AskAsync<MemberRemoveResponse>(
            leader, "Cluster/MemberRemove", new MemberRemoveRequest { ID = deadId });
    }

    private static Task<TestCluster> StartAsync(string program)
    {
        NodeProgram one = program == "ours" ? NodeProgram.Ours : NodeProgram.Etcd35;
        return TestCluster.StartAsync([one, one, one]);
    }

    // Which is not before the connections have held for 5 s.
    private static async Task<ulong> AddWhenHealthyAsync(TestCluster cluster, string member)
    {
        MemberAddResponse answer =
            await cluster.AskAsync<MemberAddResponse>(member, "Cluster/MemberAdd", New("http://127.0.0.1:1"));
        return answer.Member.ID;
    }

    private static MemberAddRequest New(string url, bool isLearner = false) =>
        new() { PeerURLs = { url }, IsLearner = isLearner };

    private static async Task<string> RefusedAsync(TestCluster cluster, string member, MemberAddRequest request) =>
        (await cluster.RefuseAsync(member, "Cluster/MemberAdd", request)).Detail;

    private static async Task<string> RefusedAsync(TestCluster cluster, string member, MemberRemoveRequest request) =>
        (await cluster.RefuseAsync(member, "Cluster/MemberRemove", request)).Detail;
}
