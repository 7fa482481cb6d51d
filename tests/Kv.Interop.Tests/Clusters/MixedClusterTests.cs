using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Clusters;

/// <summary>Members of ours and real etcds in one cluster.</summary>
public sealed class MixedClusterTests
{
    private static readonly TimeSpan LoadMax = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public async Task Whoever_leads_all_members_stay_alike(int ours)
    {
        NodeProgram[] programs =
        [
            .. Enumerable.Range(0, 3).Select(index => index < ours ? NodeProgram.Ours : NodeProgram.Etcd35),
        ];
        await using TestCluster cluster = await TestCluster.StartAsync(programs);
        await using var writer = new SteadyWriter("mixed/", () => [.. cluster.Nodes.Values]);
        foreach (string name in cluster.Nodes.Keys)
        {
            await cluster.LeadAsync(name);
            await writer.MoreAsync(100, LoadMax);
            foreach (string member in cluster.Nodes.Keys)
                await UseLeaseAsync(cluster, member);
            await CompactAsync(cluster, name);
        }

        await writer.MoreAsync(50, LoadMax);
        await writer.MustAllBeAtAsync(cluster.Nodes["m1"]);
        await cluster.MustAgreeAsync();
        Assert.All(cluster.Nodes.Values, node => Assert.False(node.HasExited));
    }

    /// <summary>One member at a time: a learner joins and is promoted, an old one leaves. The way back is the
    /// same.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cluster_under_load_changes_hands(bool fromOurs)
    {
        NodeProgram from = fromOurs ? NodeProgram.Ours : NodeProgram.Etcd35;
        NodeProgram to = fromOurs ? NodeProgram.Etcd35 : NodeProgram.Ours;
        string[] flags = ["--snapshot-count", "200"];
        await using TestCluster cluster = await TestCluster.StartAsync([from, from, from], flags);
        await using var writer = new SteadyWriter("move/", () => [.. cluster.Nodes.Values]);
        for (int number = 1; number <= 3; number++)
        {
            await writer.MoreAsync(50, LoadMax);
            await cluster.JoinAsync($"m{number + 3}", to);
            await cluster.RemoveAsync($"m{number}");
        }

        await writer.MoreAsync(50, LoadMax);
        await writer.MustAllBeAtAsync(cluster.Nodes["m6"]);
        await cluster.MustAgreeAsync();
    }

    // Granted here, kept alive and looked at there: both go to the leader.
    private static async Task UseLeaseAsync(TestCluster cluster, string member)
    {
        LeaseGrantResponse granted = await cluster.AskAsync<LeaseGrantResponse>(
            member, "Lease/LeaseGrant", new LeaseGrantRequest { TTL = 120 });
        var life = new LeaseTimeToLiveRequest { ID = granted.ID };
        foreach (string other in cluster.Nodes.Keys)
        {
            LeaseTimeToLiveResponse left =
                await cluster.AskAsync<LeaseTimeToLiveResponse>(other, "Lease/LeaseTimeToLive", life);
            Assert.Equal(120, left.GrantedTTL);
            Assert.InRange(left.TTL, 60, 130);
        }

        var put = new PutRequest { Key = ByteString.CopyFromUtf8("lease/" + member), Lease = granted.ID };
        await cluster.AskAsync<PutResponse>(member, "KV/Put", put);
    }

    private static async Task CompactAsync(TestCluster cluster, string member)
    {
        StatusResponse status = await cluster.StatusAsync(member);
        await cluster.AskAsync<CompactionResponse>(
            member, "KV/Compact", new CompactionRequest { Revision = status.Header.Revision - 20 });
    }
}
