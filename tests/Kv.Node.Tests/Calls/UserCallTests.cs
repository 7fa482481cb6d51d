using Etcdserverpb;
using Grpc.Core;
using Kv.Node.Tests.Store;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Tokens;
using Kv.Store;
using Kv.Testing;
using Metadata = Grpc.Core.Metadata;

namespace Kv.Node.Tests.Calls;

/// <summary>What is checked where a user calls, and not again in the log. The user "u" may do all between "a" and
/// "c".</summary>
public sealed class UserCallTests
{
    private const long OwnLease = 11;
    private const long ForeignLease = 12;

    /// <summary>Whoever was let in before a change of auth must not be told what that may have forbidden.</summary>
    [Theory]
    [InlineData("range")]
    [InlineData("txn")]
    [InlineData("stream")]
    public async Task A_read_during_which_auth_changed_is_refused(string call)
    {
        await using CallServer server = await StartAsync();
        Task answer = CallAsync(server, call);
        ReadBatch round = await server.NextRoundAsync();
        server.Must(new() { AuthRoleAdd = new() { Name = "another" } }, "root");
        round.Finish(ReadOutcome.Confirmed);
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(() => answer.WaitAsync(Eventually.Deadline));
        Assert.Equal(Refusal.ToStatus(KvError.AuthOldRevision), thrown.Status);

        Task again = CallAsync(server, call);
        (await server.NextRoundAsync()).Finish(ReadOutcome.Confirmed);
        await again.WaitAsync(Eventually.Deadline);
    }

    [Fact]
    public async Task What_may_not_be_read_is_refused_before_the_cluster_is_asked()
    {
        await using CallServer server = await StartAsync();
        foreach (RangeRequest range in (RangeRequest[])[Some.Range("z"), Some.Range("a", "d"), Some.Range("a", "\0")])
            await RefusesAsync(KvError.PermissionDenied, server.KeyValues.RangeAsync(range, CallServer.As("u")));
        await RefusesAsync(KvError.UserEmpty, server.KeyValues.RangeAsync(Some.Range("a")));
        Metadata nobody = CallServer.As("nobody");
        await RefusesAsync(KvError.InvalidAuthToken, server.KeyValues.RangeAsync(Some.Range("a"), nobody));
    }

    /// <summary>Whoever keeps a lease alive keeps its keys.</summary>
    [Fact]
    public async Task A_lease_is_kept_alive_by_those_who_may_write_its_keys()
    {
        await using CallServer server = await StartAsync();
        Assert.Equal(60, await KeepAliveAsync(server, OwnLease, "u"));
        Assert.Equal(60, await KeepAliveAsync(server, ForeignLease, "root"));
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(() => KeepAliveAsync(server, ForeignLease, "u"));
        Assert.Equal(Refusal.ToStatus(KvError.PermissionDenied), thrown.Status);
    }

    [Fact]
    public async Task Leases_are_listed_for_those_who_may_read_their_keys()
    {
        await using CallServer server = await StartAsync();
        var request = new LeaseLeasesRequest();
        await RefusesAsync(KvError.PermissionDenied, server.Leases.LeaseLeasesAsync(request, CallServer.As("u")));
        Assert.Equal(2, (await server.Leases.LeaseLeasesAsync(request, CallServer.As("root"))).Leases.Count);
    }

    [Fact]
    public async Task The_keys_of_a_lease_are_told_to_those_who_may_read_them()
    {
        await using CallServer server = await StartAsync();
        foreach ((long id, bool may) in (IEnumerable<(long, bool)>)[(OwnLease, true), (ForeignLease, false)])
        {
            var request = new LeaseTimeToLiveRequest { ID = id, Keys = true };
            AsyncUnaryCall<LeaseTimeToLiveResponse> call =
                server.Leases.LeaseTimeToLiveAsync(request, CallServer.As("u"));
            (await server.NextRoundAsync()).Finish(ReadOutcome.Confirmed);
            if (may)
                Assert.Single((await call).Keys);
            else
                await RefusesAsync(KvError.PermissionDenied, call);
        }
    }

    /// <summary>Five minutes from its last use, as in etcd.</summary>
    [Fact]
    public void A_token_lives_for_as_long_as_it_is_used()
    {
        var time = new ManualTime();
        var tokens = new SimpleTokens(time, TimeSpan.FromMinutes(5));
        tokens.Add("token", "u");
        for (int use = 0; use < 3; use++)
        {
            time.Advance(TimeSpan.FromMinutes(4));
            Assert.Equal("u", tokens.Find("token"));
        }

        time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromTicks(1));
        Assert.Null(tokens.Find("token"));
    }

    private static async Task<CallServer> StartAsync()
    {
        CallServer server = await CallServer.StartAsync();
        server.Must(new() { LeaseGrant = new() { ID = OwnLease, TTL = 60 } });
        server.Must(new() { LeaseGrant = new() { ID = ForeignLease, TTL = 60 } });
        Assert.Equal(KvError.None, server.World.Put("a", lease: OwnLease));
        Assert.Equal(KvError.None, server.World.Put("z", lease: ForeignLease));
        server.TurnAuthOn();
        return server;
    }

    private static async Task CallAsync(CallServer server, string call)
    {
        Metadata user = CallServer.As("u");
        switch (call)
        {
            case "range":
                await server.KeyValues.RangeAsync(Some.Range("a"), user);
                break;
            case "txn":
                await server.KeyValues.TxnAsync(Some.Txn(["=a"]), user);
                break;
            default:
                using (AsyncServerStreamingCall<RangeStreamResponse> stream =
                    server.KeyValues.RangeStream(Some.Range("a"), user))
                {
                    Assert.Equal(1, await stream.ResponseStream.ReadAllAsync().CountAsync());
                }

                break;
        }
    }

    private static async Task<long> KeepAliveAsync(CallServer server, long id, string user)
    {
        using AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call =
            server.Leases.LeaseKeepAlive(CallServer.As(user));
        await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = id });
        Assert.True(await call.ResponseStream.MoveNext().WaitAsync(Eventually.Deadline));
        return call.ResponseStream.Current.TTL;
    }

    private static async Task RefusesAsync<T>(KvError error, AsyncUnaryCall<T> call)
    {
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(() =>
            call.ResponseAsync.WaitAsync(Eventually.Deadline));
        Assert.Equal(Refusal.ToStatus(error), thrown.Status);
    }
}
