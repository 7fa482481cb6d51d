using Etcdserverpb;
using Kv.Interop.Tests.Clusters;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Tls;

/// <summary>Members that speak TLS with each other, ours and real etcds.</summary>
public sealed class PeerTlsTests
{
    private static readonly TimeSpan LoadMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly NodeProgram[] ThreeOfOurs = [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours];
    private static readonly NodeProgram[] TwoOfOurs = [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Etcd35];

    public static TheoryData<NodeProgram> Programs => [NodeProgram.Ours, NodeProgram.Etcd35];

    [Fact]
    public async Task Three_of_ours_write_lose_one_and_agree()
    {
        using var files = new PeerFiles();
        await using TestCluster cluster =
            await TestCluster.StartAsync(ThreeOfOurs, settings => files.Complete(settings));
        await using var writer = new SteadyWriter("tls/", () => [.. cluster.Nodes.Values]);
        await writer.MoreAsync(50, LoadMax);
        string leader = await cluster.LeaderAsync();
        await cluster.KillAsync(leader);
        await writer.MoreAsync(20, LoadMax);
        await cluster.RestartAsync(leader);
        await UseLeaseAsync(cluster);

        await writer.MoreAsync(20, LoadMax);
        await writer.MustAllBeAtAsync(cluster.Nodes["m1"]);
        await cluster.MustAgreeAsync();
        Assert.True(await cluster.Nodes["m1"].SaysAsync("starting with peer TLS", Patience));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ours_and_etcds_trust_each_other_whoever_leads(bool areIssued)
    {
        using var files = new PeerFiles();
        await using TestCluster cluster = await TestCluster.StartAsync(TwoOfOurs, settings => areIssued
            ? files.Complete(settings, "--peer-cert-allowed-cn", PeerFiles.CommonName)
            : settings with { PeerScheme = "https", Extra = ["--peer-auto-tls"] });
        await using var writer = new SteadyWriter("mixed/", () => [.. cluster.Nodes.Values]);
        foreach (string name in cluster.Nodes.Keys)
        {
            await cluster.LeadAsync(name);
            await writer.MoreAsync(50, LoadMax);
            await UseLeaseAsync(cluster);
        }

        await writer.MustAllBeAtAsync(cluster.Nodes["m1"]);
        await cluster.MustAgreeAsync();
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Who_is_not_of_the_cluster_is_shut_out(NodeProgram program)
    {
        using var files = new PeerFiles();
        using var folder = new TempDirectory();
        NodeSettings settings = files.Complete(
            new NodeSettings(folder["data"]), "--peer-cert-allowed-cn", PeerFiles.CommonName);
        await using NodeProcess node = await NodeProcess.StartAsync(program, settings);
        TestAuthority authority = files.Authority;
        var here = new CertificateWishes { Hosts = ["127.0.0.1"] };
        var elsewhere = new CertificateWishes { Hosts = ["127.9.9.9"] };

        Assert.True(await PeerFiles.IsLetInAsync(node, authority.Issue(PeerFiles.CommonName, here)));
        Assert.True(await PeerFiles.IsLetInAsync(node, authority.Issue(PeerFiles.CommonName)));
        Assert.False(await PeerFiles.IsLetInAsync(node, authority.Issue("somebody", here)));
        Assert.False(await PeerFiles.IsLetInAsync(node, authority.Issue(PeerFiles.CommonName, elsewhere)));
        Assert.False(await PeerFiles.IsLetInAsync(node, new TestAuthority().Issue(PeerFiles.CommonName, here)));
        Assert.False(await PeerFiles.IsLetInAsync(node, null));
        Assert.True(await node.SaysAsync("rejected connection on peer endpoint", Patience));
    }

    /// <summary>Both authorities are trusted, then all show what the new one has issued, then the old one goes. Streams
    /// go on meanwhile; a member that knows nothing of the old authority joins to prove that it is gone.</summary>
    [Fact]
    public async Task Authorities_change_under_load_without_a_start_and_without_a_failed_write()
    {
        using var files = new PeerFiles();
        await using TestCluster cluster =
            await TestCluster.StartAsync(ThreeOfOurs, settings => files.Complete(settings));
        NodeProcess[] old = [.. cluster.Nodes.Values];
        await cluster.LeaderAsync();
        await using var writer = new SteadyWriter("rotate/", () => old);
        await writer.MoreAsync(20, LoadMax);

        TestCertificate before = files.Authority.Issue(PeerFiles.CommonName);
        TestAuthority first = files.Authority;
        files.Authority = new TestAuthority("peers"); // authorities that are renewed keep their names
        files.Trust(first, files.Authority);
        TestCertificate after = files.Authority.Issue(PeerFiles.CommonName);
        await MustAllAsync(async node => await PeerFiles.IsLetInAsync(node, after));
        await MustAllAsync(async node => await PeerFiles.IsLetInAsync(node, before));
        await writer.MoreAsync(20, LoadMax);
        files.IssueAgain();
        await writer.MoreAsync(20, LoadMax);
        files.Trust(files.Authority);
        await MustAllAsync(async node => !await PeerFiles.IsLetInAsync(node, before));
        await writer.MoreAsync(20, LoadMax);

        files.TrustedPath = "new-ca.crt";
        files.Trust(files.Authority);
        await cluster.JoinAsync("m4", NodeProgram.Ours);
        await writer.MoreAsync(20, LoadMax);
        await writer.MustAllBeAtAsync(cluster.Nodes["m4"]);
        await cluster.MustAgreeAsync();
        Assert.Equal(0, writer.Failures);

        async Task MustAllAsync(Func<NodeProcess, Task<bool>> condition)
        {
            using var patience = new CancellationTokenSource(Patience);
            foreach (NodeProcess node in old)
            {
                while (!await condition(node))
                    Assert.False(patience.IsCancellationRequested, node.Output);
            }
        }
    }

    // Granted at one, asked for at all: those who follow ask the leader.
    private static async Task UseLeaseAsync(TestCluster cluster)
    {
        LeaseGrantResponse granted =
            await cluster.AskAsync<LeaseGrantResponse>("m1", "Lease/LeaseGrant", new LeaseGrantRequest { TTL = 120 });
        foreach (string member in cluster.Nodes.Keys)
        {
            LeaseTimeToLiveResponse left = await cluster.AskAsync<LeaseTimeToLiveResponse>(
                member, "Lease/LeaseTimeToLive", new LeaseTimeToLiveRequest { ID = granted.ID });
            Assert.Equal(120, left.GrantedTTL);
        }
    }
}
