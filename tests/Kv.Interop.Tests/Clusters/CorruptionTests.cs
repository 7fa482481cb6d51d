using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Clusters;

/// <summary>A member whose page file was changed while it was down: a value is another one in a row that reads well, so
/// only comparing with the other members can tell.</summary>
public sealed class CorruptionTests
{
    private const string True = "the value that was acknowledged";
    private const string False = "the value that is on m3's disk!";

    private static readonly AlarmRequest GetAlarms = new() { Action = AlarmRequest.Types.AlarmAction.Get };

    /// <summary>Programs and flags; ours needs none.</summary>
    public static TheoryData<string, string> Starting => new()
    {
        { "ours ours ours", "" },
        { "etcd etcd ours", "" },
    };

    /// <summary>Programs, and who leads.</summary>
    public static TheoryData<string, string> Running => new()
    {
        { "ours ours ours", "m1" },
        { "ours etcd ours", "m1" },
        { "ours etcd ours", "m2" },
        { "ours etcd etcd", "m1" },
    };

    [Theory]
    [MemberData(nameof(Starting))]
    public async Task A_member_that_differs_does_not_start(string programs, string flags)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(
            ToPrograms(programs), flags.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        await DamageAsync(cluster);

        await using NodeProcess ended = await cluster.RestartToFailAsync("m3");

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("found different hash values from remote peer", ended.Output, StringComparison.Ordinal);
        Assert.Contains("checkInitialHashKV failed", ended.Output, StringComparison.Ordinal);
        Assert.Contains("found data inconsistency with peers", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", ended.Output, StringComparison.Ordinal);
        await PutAsync(cluster, "m1", "b", "goes on without it");
    }

    [Theory]
    [MemberData(nameof(Running))]
    public async Task A_member_that_differs_is_found_at_the_next_compaction(string programs, string leader)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(
            ToPrograms(programs),
            "--experimental-initial-corrupt-check=false",
            "--experimental-compact-hash-check-enabled=true",
            "--experimental-compact-hash-check-time=1s");
        ulong wrong = await cluster.IdOfAsync("m3");
        await DamageAsync(cluster);
        await cluster.RestartAsync("m3");
        await cluster.LeadAsync(leader);
        await CompactAsync(cluster, leader, kept: 0);

        AlarmResponse alarms = new();
        await cluster.UntilAsync("an alarm is raised", async () =>
        {
            alarms = await cluster.AskAsync<AlarmResponse>(leader, "Maintenance/Alarm", GetAlarms);
            return alarms.Alarms.Count > 0;
        });

        string told = cluster.Nodes[leader].Output;
        AlarmMember alarm = Assert.Single(alarms.Alarms);

        // An etcd of 3.5 does not say who; later ones, and ours, go by the majority.
        bool leadsOurs = cluster.Nodes[leader].Program.IsOurs;
        ulong named = leadsOurs ? wrong : 0;
        Assert.True(alarm.MemberID == named && alarm.Alarm == AlarmType.Corrupt, $"{alarm} for {wrong:x}\n{told}");
        string finding = leadsOurs ? "Detected compaction hash mismatch" : "failed compaction hash check";
        Assert.Contains(finding, told, StringComparison.Ordinal);
        using var client = new ApiClient(cluster.Nodes["m1"].Url);
        ApiException refused = await Assert.ThrowsAsync<ApiException>(
            () => client.CallAsync<PutResponse>("KV/Put", Put("b", "refused")));
        Assert.Equal("etcdserver: corrupt cluster", refused.Detail);
    }

    /// <summary>All check all the time, while the store changes.</summary>
    [Theory]
    [InlineData("ours ours ours")]
    [InlineData("ours etcd etcd")]
    public async Task Members_that_are_alike_raise_no_alarm(string programs)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(
            ToPrograms(programs),
            "--experimental-initial-corrupt-check=true",
            "--experimental-compact-hash-check-enabled=true",
            "--experimental-compact-hash-check-time=300ms",
            "--experimental-corrupt-check-time=200ms");
        await using var writer = new SteadyWriter("alike/", () => [.. cluster.Nodes.Values]);
        await cluster.LeadAsync("m1");
        for (int round = 0; round < 5; round++)
        {
            await writer.MoreAsync(100, TimeSpan.FromSeconds(30));
            await CompactAsync(cluster, "m1", kept: 30);
        }

        await MustSayAsync(cluster.Nodes["m1"], "successfully checked hash on whole cluster");
        await MustSayAsync(cluster.Nodes["m1"], "finished peer corruption check");
        await cluster.StopAsync("m3");
        await cluster.RestartAsync("m3");
        await MustSayAsync(cluster.Nodes["m3"], "initial corruption checking passed");
        AlarmResponse alarms = await cluster.AskAsync<AlarmResponse>("m1", "Maintenance/Alarm", GetAlarms);
        Assert.Empty(alarms.Alarms);
    }

    private static NodeProgram[] ToPrograms(string names) =>
        [.. names.Split(' ').Select(name => name == "ours" ? NodeProgram.Ours : NodeProgram.Etcd35)];

    private static async Task MustSayAsync(NodeProcess node, string text) =>
        Assert.True(await node.SaysAsync(text, TimeSpan.FromSeconds(60)), node.Output);

    private static async Task DamageAsync(TestCluster cluster)
    {
        await PutAsync(cluster, "m1", "a", True);
        await cluster.MustAgreeAsync();
        await cluster.AskAsync<HashResponse>("m3", "Maintenance/Hash", new HashRequest()); // commits what is applied
        await cluster.StopAsync("m3");
        cluster.ChangeOnDisk("m3", True, False);
    }

    private static async Task CompactAsync(TestCluster cluster, string member, long kept)
    {
        StatusResponse status = await cluster.StatusAsync(member);
        await cluster.AskAsync<CompactionResponse>(
            member, "KV/Compact", new CompactionRequest { Revision = status.Header.Revision - kept });
    }

    private static Task<PutResponse> PutAsync(TestCluster cluster, string member, string key, string value) =>
        cluster.AskAsync<PutResponse>(member, "KV/Put", Put(key, value));

    private static PutRequest Put(string key, string value) =>
        new() { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value) };
}
