using Google.Protobuf;
using Grpc.Core;
using Kv.Interop.Tests.Processes;
using V3electionpb;

namespace Kv.Interop.Tests.Coordination;

/// <summary>The Election service. Every test is run against etcd too.</summary>
public sealed class ElectionTests
{
    public static TheoryData<NodeProgram> Programs => [NodeProgram.Ours, NodeProgram.Etcd35];

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Who_observes_hears_of_every_leader_and_of_all_it_says(NodeProgram program)
    {
        await using LineNode node = await LineNode.StartAsync(program);
        await node.GrantAsync(1, 2);
        using AsyncServerStreamingCall<LeaderResponse> observed = node.Elections.Observe(Name("e"));

        CampaignResponse first = await node.Elections.CampaignAsync(Candidacy("e", 1, "one"));
        Assert.Equal("one", await NextAsync(observed));
        await node.Elections.ProclaimAsync(new ProclaimRequest { Leader = first.Leader, Value = Text("uno") });
        Assert.Equal("uno", await NextAsync(observed));

        Task<CampaignResponse> second = node.Elections.CampaignAsync(Candidacy("e", 2, "two")).ResponseAsync;
        await node.UntilKeysAsync("e", "e/1", "e/2");
        Assert.Equal("uno", (await node.Elections.LeaderAsync(Name("e"))).Kv.Value.ToStringUtf8());
        Assert.False(second.IsCompleted);

        await node.Elections.ResignAsync(new ResignRequest { Leader = first.Leader });
        CampaignResponse next = await LineNode.SoonAsync(second);
        Assert.Equal(("e/2", 2), (next.Leader.Key.ToStringUtf8(), next.Leader.Lease));
        Assert.Equal("two", await NextAsync(observed));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_candidate_that_gives_up_is_none_any_more(NodeProgram program)
    {
        await using LineNode node = await LineNode.StartAsync(program);
        await node.GrantAsync(1, 2);
        await node.Elections.CampaignAsync(Candidacy("e", 1, "one"));
        using var patience = new CancellationTokenSource();
        Task<CampaignResponse> second = node.Elections
            .CampaignAsync(Candidacy("e", 2, "two"), cancellationToken: patience.Token).ResponseAsync;
        await node.UntilKeysAsync("e", "e/1", "e/2");

        await patience.CancelAsync();

        await node.UntilKeysAsync("e", "e/1");
        await Assert.ThrowsAsync<RpcException>(() => second);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_leader_whose_lease_ends_makes_room_for_the_next(NodeProgram program)
    {
        await using LineNode node = await LineNode.StartAsync(program);
        await node.GrantAsync(1, 2);
        CampaignResponse first = await node.Elections.CampaignAsync(Candidacy("e", 1, "one"));
        Task<CampaignResponse> second = node.Elections.CampaignAsync(Candidacy("e", 2, "two")).ResponseAsync;
        await node.UntilKeysAsync("e", "e/1", "e/2");

        await node.RevokeAsync(1);
        await LineNode.SoonAsync(second);

        RpcException late = await Assert.ThrowsAsync<RpcException>(async () => await node.Elections.ProclaimAsync(
            new ProclaimRequest { Leader = first.Leader, Value = Text("still") }));
        Assert.Equal((StatusCode.Unknown, "election: not leader"), (late.StatusCode, late.Status.Detail));
    }

    private static async Task<string> NextAsync(AsyncServerStreamingCall<LeaderResponse> observed)
    {
        Assert.True(await LineNode.SoonAsync(observed.ResponseStream.MoveNext(default)));
        return observed.ResponseStream.Current.Kv.Value.ToStringUtf8();
    }

    private static ByteString Text(string text) => ByteString.CopyFromUtf8(text);

    private static LeaderRequest Name(string name) => new() { Name = Text(name) };

    private static CampaignRequest Candidacy(string name, long lease, string value) =>
        new() { Name = Text(name), Lease = lease, Value = Text(value) };
}
