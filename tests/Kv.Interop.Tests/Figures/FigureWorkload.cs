using Authpb;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Figures;

/// <summary>A little of everything that is counted, refusals too; always the same.</summary>
public sealed class FigureWorkload(NodeProcess node) : IDisposable
{
    private const string Refused = "was to be refused";

    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(30);

    private readonly ApiClient _client = new(node.Url);
    private readonly RawGrpc _grpc = new(node.Url);

    public async Task RunAsync()
    {
        await KeysAsync();
        await TxnsAsync();
        await LeasesAsync();
        await WatchAsync();
        await CompactAsync();
        await AlarmAsync();
        await MaintainAsync();
        await AuthAsync();
        await CallAsync<RangeResponse>("KV/Range", new RangeRequest { Key = Bytes("a") });
    }

    public void Dispose()
    {
        _client.Dispose();
        _grpc.Dispose();
    }

    private async Task KeysAsync()
    {
        await PutAsync("a", "1");
        await CallAsync<PutResponse>("KV/Put", Put("a", "22", put => put.PrevKv = true));
        await RefuseAsync("KV/Put", new PutRequest { Key = Bytes("none"), IgnoreValue = true });
        await RefuseAsync("KV/Put", new PutRequest { Key = Bytes("none"), Lease = 77 });
        await RefuseAsync("KV/Put", new PutRequest());
        await CallAsync<RangeResponse>("KV/Range", new RangeRequest { Key = Bytes("a") });
        await CallAsync<RangeResponse>("KV/Range", new RangeRequest { Key = Bytes("a"), Serializable = true });
        await CallAsync<RangeResponse>(
            "KV/Range", new RangeRequest { Key = Bytes("\0"), RangeEnd = Bytes("\0"), CountOnly = true });
        await RefuseAsync("KV/Range", new RangeRequest { Key = Bytes("a"), Revision = 1000 });
        await PutAsync("b", "1");
        await CallAsync<DeleteRangeResponse>(
            "KV/DeleteRange", new DeleteRangeRequest { Key = Bytes("a"), PrevKv = true });
        await CallAsync<DeleteRangeResponse>("KV/DeleteRange", new DeleteRangeRequest { Key = Bytes("none") });
    }

    private async Task TxnsAsync()
    {
        RequestOp read = new() { RequestRange = new RangeRequest { Key = Bytes("b") } };
        RequestOp write = new() { RequestPut = Put("x", "1") };
        RequestOp delete = new() { RequestDeleteRange = new DeleteRangeRequest { Key = Bytes("y") } };
        await TxnAsync([Is("b", "1"), Is("b", "1")], [write, read, delete], []);
        await TxnAsync([Is("b", "wrong"), Is("b", "1")], [write], [read]);
        await TxnAsync([], [read, read], []);
        await TxnAsync([Is("b", "1")], [read], []);
        await RefuseAsync("KV/Txn", new TxnRequest
        {
            Success = { new RequestOp { RequestPut = new PutRequest { Key = Bytes("y"), Lease = 77 } } },
        });
    }

    private async Task LeasesAsync()
    {
        await CallAsync<LeaseGrantResponse>("Lease/LeaseGrant", new LeaseGrantRequest { ID = 7, TTL = 60 });
        await CallAsync<LeaseGrantResponse>("Lease/LeaseGrant", new LeaseGrantRequest { ID = 8, TTL = 1 });
        await RefuseAsync("Lease/LeaseGrant", new LeaseGrantRequest { ID = 7, TTL = 60 });
        await CallAsync<PutResponse>("KV/Put", Put("l1", "1", put => put.Lease = 7));
        await CallAsync<PutResponse>("KV/Put", Put("l2", "1", put => put.Lease = 7));
        await using (RawStream stream = _grpc.Open("/etcdserverpb.Lease/LeaseKeepAlive"))
        {
            await stream.SendAsync(new LeaseKeepAliveRequest { ID = 7 }.ToByteArray());
            Assert.NotNull(await stream.NextAsync(AnswerMax));
            await stream.SendAsync(new LeaseKeepAliveRequest { ID = 99 }.ToByteArray());
            Assert.NotNull(await stream.NextAsync(AnswerMax));
            stream.HalfClose();
            await stream.Ended.WaitAsync(AnswerMax);
        }

        await CallAsync<LeaseTimeToLiveResponse>("Lease/LeaseTimeToLive", new LeaseTimeToLiveRequest { ID = 7 });
        await CallAsync<LeaseRevokeResponse>("Lease/LeaseRevoke", new LeaseRevokeRequest { ID = 7 });
        await RefuseAsync("Lease/LeaseRevoke", new LeaseRevokeRequest { ID = 7 });
        await Processes.Metrics.WaitForAsync(node.Url, "etcd_debugging_server_lease_expired_total", 1);
    }

    private async Task WatchAsync()
    {
        await using (RawStream stream = _grpc.Open("/etcdserverpb.Watch/Watch"))
        {
            await stream.SendAsync(new WatchRequest
            {
                CreateRequest = new WatchCreateRequest { Key = Bytes("w") },
            }.ToByteArray());
            Assert.NotNull(await stream.NextAsync(AnswerMax));
            for (int change = 0; change < 3; change++)
            {
                await PutAsync("w", "1");
                Assert.NotNull(await stream.NextAsync(AnswerMax));
            }

            await stream.SendAsync(new WatchRequest { CancelRequest = new WatchCancelRequest() }.ToByteArray());
            Assert.NotNull(await stream.NextAsync(AnswerMax));
        }

        await Processes.Metrics.WaitForAsync(node.Url, "etcd_debugging_mvcc_watch_stream_total", 0);
    }

    private async Task CompactAsync()
    {
        await CallAsync<CompactionResponse>("KV/Compact", new CompactionRequest { Revision = 4, Physical = true });
        await RefuseAsync("KV/Compact", new CompactionRequest { Revision = 3 });
        await CallAsync<CompactionResponse>("KV/Compact", new CompactionRequest { Revision = 8, Physical = true });
    }

    private async Task AlarmAsync()
    {
        var alarm = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Activate, Alarm = AlarmType.Nospace };
        await CallAsync<AlarmResponse>("Maintenance/Alarm", alarm);
        await RefuseAsync("KV/Put", Put("no", "room"));
        await CallAsync<AlarmResponse>("Maintenance/Alarm", new AlarmRequest());
        alarm.Action = AlarmRequest.Types.AlarmAction.Deactivate;
        await CallAsync<AlarmResponse>("Maintenance/Alarm", alarm);
    }

    private async Task MaintainAsync()
    {
        await CallAsync<HashResponse>("Maintenance/Hash", new HashRequest());
        await CallAsync<HashKVResponse>("Maintenance/HashKV", new HashKVRequest());
        await CallAsync<DefragmentResponse>("Maintenance/Defragment", new DefragmentRequest());
        await CallAsync<StatusResponse>("Maintenance/Status", new StatusRequest());
        await CallAsync<MemberListResponse>("Cluster/MemberList", new MemberListRequest());
        RawAnswer answer = await _grpc.CallAsync(
            "/etcdserverpb.Maintenance/Snapshot", [new SnapshotRequest().ToByteArray()]);
        Assert.True(answer.Succeeded, answer.Detail);
    }

    private async Task AuthAsync()
    {
        await CallAsync<AuthUserAddResponse>("Auth/UserAdd", new AuthUserAddRequest { Name = "root", Password = "r" });
        await RefuseAsync("Auth/UserAdd", new AuthUserAddRequest { Name = "root", Password = "r" });
        await CallAsync<AuthRoleAddResponse>("Auth/RoleAdd", new AuthRoleAddRequest { Name = "root" });
        await CallAsync<AuthRoleGrantPermissionResponse>(
            "Auth/RoleGrantPermission",
            new AuthRoleGrantPermissionRequest
            {
                Name = "root",
                Perm = new Permission { Key = Bytes("a"), PermType = Permission.Types.Type.Readwrite },
            });
        await CallAsync<AuthUserGrantRoleResponse>(
            "Auth/UserGrantRole", new AuthUserGrantRoleRequest { User = "root", Role = "root" });
        await CallAsync<AuthEnableResponse>("Auth/AuthEnable", new AuthEnableRequest());
        await RefuseAsync("KV/Put", Put("a", "1"));
        await RefuseAsync("Auth/Authenticate", new AuthenticateRequest { Name = "root", Password = "wrong" });
        AuthenticateResponse entered = await CallAsync<AuthenticateResponse>(
            "Auth/Authenticate", new AuthenticateRequest { Name = "root", Password = "r" });
        _client.Token = entered.Token;
        await PutAsync("a", "1");
        await CallAsync<AuthUserListResponse>("Auth/UserList", new AuthUserListRequest());
        await CallAsync<AuthDisableResponse>("Auth/AuthDisable", new AuthDisableRequest());
        _client.Token = null;
    }

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);

    private static PutRequest Put(string key, string value, Action<PutRequest>? more = null)
    {
        var put = new PutRequest { Key = Bytes(key), Value = Bytes(value) };
        more?.Invoke(put);
        return put;
    }

    private static Compare Is(string key, string value) => new()
    {
        Key = Bytes(key),
        Target = Compare.Types.CompareTarget.Value,
        Value = Bytes(value),
    };

    private Task<PutResponse> PutAsync(string key, string value) => CallAsync<PutResponse>("KV/Put", Put(key, value));

    private Task<TxnResponse> TxnAsync(Compare[] compares, RequestOp[] success, RequestOp[] failure) =>
        CallAsync<TxnResponse>(
            "KV/Txn", new TxnRequest { Compare = { compares }, Success = { success }, Failure = { failure } });

    private Task<T> CallAsync<T>(string method, IMessage request)
        where T : IMessage<T>, new() => _client.CallAsync<T>(method, request);

    private async Task RefuseAsync(string method, IMessage request)
    {
        try
        {
            await _client.CallAsync<PutResponse>(method, request);
        }
        catch (ApiException)
        {
            return;
        }

        Assert.Fail($"{method} {request} {Refused}");
    }
}
