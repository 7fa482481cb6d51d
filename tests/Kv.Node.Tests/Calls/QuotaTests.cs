using Etcdserverpb;
using Grpc.Core;
using Kv.Node.Tests.Apply;
using Kv.Node.Tests.Store;
using Kv.Server.Calls;
using Kv.Store;

namespace Kv.Node.Tests.Calls;

/// <summary>When there is no room, what needs some is refused where it is asked for, and never gets into the
/// log.</summary>
public sealed class QuotaTests
{
    private static readonly AlarmRequest NoSpace = new()
    {
        Action = AlarmRequest.Types.AlarmAction.Activate,
        Alarm = AlarmType.Nospace,
        MemberID = AppliedWorld.MemberId,
    };

    [Fact]
    public async Task The_first_that_does_not_fit_raises_the_alarm_and_all_are_refused()
    {
        await using CallServer server = await CallServer.StartAsync(quotaBytes: 1);
        Task[] puts = [.. Enumerable.Range(0, 3).Select(_ => RefusesAsync(server.KeyValues.PutAsync(Some.Put("a"))))];
        Assert.Equal(NoSpace, (await server.ApplyNextAsync()).Alarm);
        await Task.WhenAll(puts);

        // Nothing else was proposed: what is applied next is what has no cost.
        Task<TxnResponse> deletion = server.KeyValues.TxnAsync(Some.Txn(["-a"])).ResponseAsync;
        Assert.NotNull((await server.ApplyNextAsync()).Txn);
        await deletion.WaitAsync(Eventually.Deadline);
    }

    [Fact]
    public async Task While_the_alarm_lasts_it_does_not_matter_whether_there_is_room()
    {
        await using CallServer server = await CallServer.StartAsync();
        server.Must(new() { Alarm = NoSpace });
        await RefusesAsync(server.KeyValues.PutAsync(Some.Put("a")));
        await RefusesAsync(server.KeyValues.TxnAsync(Some.Txn(["-a", "+b"])));
        await RefusesAsync(server.Leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = 10 }));

        AlarmRequest disarm = NoSpace.Clone();
        disarm.Action = AlarmRequest.Types.AlarmAction.Deactivate;
        server.Must(new() { Alarm = disarm });
        Task<PutResponse> put = server.KeyValues.PutAsync(Some.Put("a")).ResponseAsync;
        Assert.NotNull((await server.ApplyNextAsync()).Put);
        await put.WaitAsync(Eventually.Deadline);
    }

    private static async Task RefusesAsync<T>(AsyncUnaryCall<T> call)
    {
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(() =>
            call.ResponseAsync.WaitAsync(Eventually.Deadline));
        Assert.Equal(Refusal.ToStatus(KvError.NoSpace), thrown.Status);
    }
}
