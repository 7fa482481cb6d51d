using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Node.Tests.Store;
using Kv.Replication;
using Kv.Store;

namespace Kv.Node.Tests.Calls;

/// <summary>What a client is told was true at a moment after it asked, unless it said that the past will do.</summary>
public sealed class LinearizableReadTests
{
    private const long LeaseId = 5;

    private static readonly TxnRequest MixedTxn = new()
    {
        Compare = { new Compare { Key = "b".Bytes(), Target = Compare.Types.CompareTarget.Version, Version = 1 } },
        Success = { Some.Op(new RangeRequest { Key = "a".Bytes(), Serializable = true }) },
        Failure = { Some.Op(new RangeRequest { Key = "a".Bytes() }) },
    };

    public static TheoryData<string> Calls => ["range", "stream", "txn", "mixed txn", "lease"];

    /// <summary>Each of them is answered with what was written while the cluster was asked.</summary>
    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_read_is_answered_when_the_cluster_has_confirmed_it(string call)
    {
        await using CallServer server = await CallServer.StartAsync();
        Task<string> answer = CallAsync(server, call);
        ReadBatch round = await server.NextRoundAsync();
        Assert.False(answer.IsCompleted);
        server.Must(new() { LeaseGrant = new() { ID = LeaseId, TTL = 60 } });
        Assert.Equal(KvError.None, server.World.Put("b"));
        Assert.Equal(KvError.None, server.World.Put("a", "new", LeaseId));

        round.Finish(ReadOutcome.Confirmed);
        Assert.Equal("new", await answer.WaitAsync(Eventually.Deadline));
    }

    [Fact]
    public async Task A_read_that_the_cluster_did_not_confirm_is_refused()
    {
        await using CallServer server = await CallServer.StartAsync();
        foreach ((ReadOutcome outcome, string text) in (IEnumerable<(ReadOutcome, string)>)
            [(ReadOutcome.LeaderChanged, "leader changed"), (ReadOutcome.TimedOut, "timed out")])
        {
            Task<string> answer = CallAsync(server, "range");
            (await server.NextRoundAsync()).Finish(outcome);
            RpcException thrown = await Assert.ThrowsAsync<RpcException>(() => answer.WaitAsync(Eventually.Deadline));
            Assert.Equal(StatusCode.Unavailable, thrown.StatusCode);
            Assert.Contains(text, thrown.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_serializable_read_asks_nobody()
    {
        await using CallServer server = await CallServer.StartAsync();
        Assert.Equal(KvError.None, server.World.Put("a"));
        var range = new RangeRequest { Key = "a".Bytes(), Serializable = true };
        var txn = new TxnRequest { Success = { Some.Op(range) }, Failure = { Some.Op(range) } };

        Assert.Equal(1, (await server.KeyValues.RangeAsync(range)).Count);
        Assert.Equal(1, (await server.KeyValues.TxnAsync(txn)).Responses[0].ResponseRange.Count);
    }

    /// <summary>A round that has begun may not know of what was committed since.</summary>
    [Fact]
    public async Task Readers_share_a_round_until_it_begins()
    {
        await using CallServer server = await CallServer.StartAsync();
        Task first = server.Reads.ConfirmAsync().AsTask();
        Task second = server.Reads.ConfirmAsync().AsTask();
        ReadBatch round = await server.NextRoundAsync();
        Task late = server.Reads.ConfirmAsync().AsTask();
        round.Finish(ReadOutcome.Confirmed);
        await Task.WhenAll(first, second).WaitAsync(Eventually.Deadline);

        ReadBatch next = await server.NextRoundAsync();
        Assert.NotSame(round, next);
        Assert.False(late.IsCompleted);
        next.Finish(ReadOutcome.Confirmed);
        await late.WaitAsync(Eventually.Deadline);
    }

    [Fact]
    public async Task A_learner_answers_serializable_ranges_only()
    {
        await using CallServer server = await CallServer.StartAsync();
        Assert.Equal(KvError.None, server.World.Put("a"));
        server.BecomeLearner();

        var range = new RangeRequest { Key = "a".Bytes(), Serializable = true };
        Assert.Equal(1, (await server.KeyValues.RangeAsync(range)).Count);
        foreach (string call in Calls.Select(row => row.Data))
        {
            RpcException thrown = await Assert.ThrowsAsync<RpcException>(
                () => CallAsync(server, call).WaitAsync(Eventually.Deadline));
            Assert.Equal("etcdserver: rpc not supported for learner", thrown.Status.Detail);
        }
    }

    // What the call says of the value of "a"; of the lease, which key it has.
    private static async Task<string> CallAsync(CallServer server, string call)
    {
        switch (call)
        {
            case "range":
                return ValueOf(await server.KeyValues.RangeAsync(Some.Range("a")));
            case "stream":
                var all = new RangeResponse();
                using (AsyncServerStreamingCall<RangeStreamResponse> stream =
                    server.KeyValues.RangeStream(Some.Range("a")))
                {
                    await foreach (RangeStreamResponse part in stream.ResponseStream.ReadAllAsync())
                        all.MergeFrom(part.RangeResponse);
                }

                return ValueOf(all);
            case "lease":
                var request = new LeaseTimeToLiveRequest { ID = LeaseId, Keys = true };
                LeaseTimeToLiveResponse life = await server.Leases.LeaseTimeToLiveAsync(request);
                return life.Keys is [ByteString key] && key == "a".Bytes() ? "new" : "";
            default:
                TxnRequest txn = call == "txn" ? Some.Txn(["=a"]) : MixedTxn;
                return ValueOf((await server.KeyValues.TxnAsync(txn)).Responses[0].ResponseRange);
        }
    }

    private static string ValueOf(RangeResponse response) =>
        response.Kvs.Count == 1 ? response.Kvs[0].Value.ToStringUtf8() : "";
}
