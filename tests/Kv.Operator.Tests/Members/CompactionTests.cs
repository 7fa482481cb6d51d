using System.Net;
using Etcdserverpb;
using Grpc.Core;
using Kv.Grpc;
using Kv.Operator.Members;

namespace Kv.Operator.Tests.Members;

/// <summary>How the operator gives up history when a store is full.</summary>
public sealed class CompactionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task All_history_before_the_present_revision_is_given_up_and_waited_for()
    {
        var keys = new Keys();

        await CompactAsync(keys);

        CompactionRequest asked = Assert.Single(keys.Asked);
        Assert.Equal(Keys.Revision, asked.Revision);
        Assert.True(asked.Physical);
    }

    /// <summary>Nothing can be written to a full store, so that a second attempt finds the revision of the first; and
    /// others may give up history as well, between the look and the request.</summary>
    [Fact]
    public async Task What_was_given_up_before_or_by_somebody_else_meanwhile_is_as_good()
    {
        var keys = new Keys
        {
            Refusal = new Status(StatusCode.OutOfRange, "etcdserver: mvcc: required revision has been compacted"),
        };

        await CompactAsync(keys);

        Assert.Single(keys.Asked);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.PermissionDenied)]
    [InlineData(StatusCode.ResourceExhausted)]
    public async Task Any_other_refusal_is_one(StatusCode code)
    {
        var keys = new Keys { Refusal = new Status(code, "no") };

        MemberCallException refused = await Assert.ThrowsAsync<MemberCallException>(() => CompactAsync(keys));

        Assert.Equal($"demo-0 could not give up history: no ({code})", refused.Message);
    }

    /// <summary>What is shortened next is the shorter the more is gone by then; to have it gone takes a large store
    /// longer than a change of members takes.</summary>
    [Fact]
    public async Task A_large_store_is_given_its_time()
    {
        var keys = new Keys();

        await CompactAsync(keys);

        Assert.InRange(keys.TimeGiven, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10));
    }

    private static async Task CompactAsync(Keys keys)
    {
        await using var server = new GrpcServer(new GrpcServerOptions());
        server.Add(KV.BindService(keys));
        await server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)]);
        using var channels = new MemberChannels(TimeProvider.System);
        var member = new MemberEndpoint("demo-0", new Uri($"http://{server.EndPoints[0]}"), "demo-0");
        using var over = new CancellationTokenSource(Patience);

        await new GrpcMemberCalls(channels, TimeProvider.System).CompactAsync(member, over.Token);
    }

    private sealed class Keys : KV.KVBase
    {
        public const long Revision = 7;

        /// <summary>How requests to give up history are answered; as done if null.</summary>
        public Status? Refusal { get; init; }

        public List<CompactionRequest> Asked { get; } = [];

        public TimeSpan TimeGiven { get; private set; }

        public override Task<RangeResponse> Range(RangeRequest request, ServerCallContext context) =>
            Task.FromResult(new RangeResponse { Header = new ResponseHeader { Revision = Revision } });

        public override Task<CompactionResponse> Compact(CompactionRequest request, ServerCallContext context)
        {
            TimeGiven = context.Deadline - DateTime.UtcNow;
            Asked.Add(request);
            return Refusal is { } why
                ? Task.FromException<CompactionResponse>(new RpcException(why))
                : Task.FromResult(new CompactionResponse { Header = new ResponseHeader { Revision = Revision } });
        }
    }
}
