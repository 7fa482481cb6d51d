using System.Net;
using System.Text;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Tls;
using Kv.Testing;
using Metadata = Grpc.Core.Metadata;

namespace Kv.Interop.Tests.Users;

/// <summary>The holes that etcd's security advisories tell of, each tried on ours. Handshakes that never end
/// (GHSA-6vch-q96h-7gc3) are tried in Kv.Node.Tests, secrets in logs (CVE-2021-28235) in
/// <see cref="SecretTests"/>.</summary>
public sealed class AdvisoryTests
{
    private const string Denied = "etcdserver: permission denied";
    private const string Nobody = "etcdserver: user name is empty";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>GHSA-xg4h-6gfc-h4m8: who might read one key could watch all keys after it. GHSA-rfx7-8w68-q57q: a
    /// transaction within a transaction was not checked. GHSA-x35m-3gp4-4fh5: nor were leases and values before, of
    /// puts in transactions. GHSA-3p4g-rcw5-8298: the keys of a lease were told to everybody. GHSA-q8m4-xhhv-38mg: some
    /// calls needed no token.</summary>
    [Fact]
    public async Task Whoever_may_little_gets_no_more_by_another_way()
    {
        await using AuthCluster node = await AuthCluster.StartAsync([NodeProgram.Ours], method: null);
        string root = await node.LoginAsync("m1", "root");
        var permission = AuthCluster.Grant("u", "one", "");
        permission.Perm.PermType = Authpb.Permission.Types.Type.Read;
        await node.CallAsync<AuthRoleGrantPermissionResponse>("m1", root, "Auth/RoleGrantPermission", permission);
        permission = AuthCluster.Grant("u", "written", "");
        permission.Perm.PermType = Authpb.Permission.Types.Type.Write;
        await node.CallAsync<AuthRoleGrantPermissionResponse>("m1", root, "Auth/RoleGrantPermission", permission);
        root = await node.LoginAsync("m1", "root");
        var grant = new LeaseGrantRequest { ID = 5, TTL = 600 };
        await node.CallAsync<LeaseGrantResponse>("m1", root, "Lease/LeaseGrant", grant);
        await node.PutAsync("m1", root, "zzz", lease: 5);
        await node.PutAsync("m1", root, "written");
        string token = await node.LoginAsync("m1", "u");

        await WatchesNoMoreAsync(node, token);
        await TransactsNoMoreAsync(node, token);
        var life = new LeaseTimeToLiveRequest { ID = 5, Keys = true };
        Assert.Equal(Denied, await node.RefusalAsync("m1", token, "Lease/LeaseTimeToLive", life));
        Assert.Equal(Denied, await node.RefusalAsync("m1", token, "Lease/LeaseLeases", new LeaseLeasesRequest()));
        await NobodyIsServedAsync(node);
    }

    /// <summary>GHSA-3wh4-j44w-pg92: with <c>--listen-client-http-urls</c>, the port that serves gRPC alone took
    /// revoked certificates. CVE-2018-16886: the gateway's certificate spoke for whoever called it.</summary>
    [Fact]
    public async Task A_revoked_certificate_is_refused_on_every_port()
    {
        string http = Loopback.NextAddress();
        string[] flags =
        [
            .. SecuredNode.DemandsClients, "--client-crl-file", "revoked.crl",
            "--listen-client-http-urls", $"https://{http}",
        ];
        await using SecuredNode node = await SecuredNode.StartAsync(NodeProgram.Ours, flags, self =>
        {
            TestCertificate revoked = self.Authority.Issue("root");
            self.Write("revoked", revoked);
            File.WriteAllText(self["revoked.crl"], TestAuthority.ToPem(self.Authority.Revoke(revoked)));
            self.Write("root", self.Authority.Issue("root"));
        });
        (await node.CallAsync("root", "put", "a", "1")).MustSucceed();
        Assert.False((await node.CallAsync("revoked", "put", "a", "2")).Succeeded);
        Assert.Contains("health", await node.GetAsync("root", new Uri($"https://{http}/health")));
        await Assert.ThrowsAsync<HttpRequestException>(
            () => node.GetAsync("revoked", new Uri($"https://{http}/health")));

        string[][] commands =
        [
            ["user", "add", "root:secret"], ["role", "add", "root"], ["user", "grant-role", "root", "root"],
            ["auth", "enable"],
        ];
        foreach (string[] command in commands)
            (await node.CallAsync("root", command)).MustSucceed();
        (await node.CallAsync("root", "get", "a")).MustSucceed(); // by the name in its certificate
        using HttpClient client = node.Client("root");
        using var body = new StringContent("""{"key":"YQ=="}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await client.PostAsync(new Uri($"https://{http}/v3/kv/range"), body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        string said = await answer.Content.ReadAsStringAsync();
        Assert.Contains("common name of a certificate", said, StringComparison.Ordinal);
    }

    private static async Task WatchesNoMoreAsync(AuthCluster node, string token)
    {
        using var channel = GrpcChannel.ForAddress(node.Members.Nodes["m1"].Url);
        foreach ((string key, string end, bool may) in (IEnumerable<(string, string, bool)>)
        [
            ("one", "", true), ("one", "\0", false), ("one", "onf", false), ("one", "one\0\0", false),
            ("", "\0", false), ("", "", false), ("u/", "u0", true), ("u/", "\0", false), ("written", "", false),
        ])
        {
            using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> watch =
                new Watch.WatchClient(channel).Watch(new Metadata { { "token", token } });
            var create = new WatchCreateRequest
            {
                Key = ByteString.CopyFromUtf8(key),
                RangeEnd = ByteString.CopyFromUtf8(end),
            };
            await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = create });
            Assert.True(await watch.ResponseStream.MoveNext().WaitAsync(Patience));
            WatchResponse answer = watch.ResponseStream.Current;
            Assert.True(answer.Canceled != may, $"{key} {end}: {answer}");
            if (!may)
                Assert.Equal($"rpc error: code = PermissionDenied desc = {Denied}", answer.CancelReason);
        }
    }

    private static async Task TransactsNoMoreAsync(AuthCluster node, string token)
    {
        var foreign = ByteString.CopyFromUtf8("zzz");
        var written = ByteString.CopyFromUtf8("written");
        RequestOp[] hidden =
        [
            new() { RequestRange = new RangeRequest { Key = foreign } },
            new() { RequestPut = new PutRequest { Key = foreign } },
            new() { RequestDeleteRange = new DeleteRangeRequest { Key = foreign } },
            new() { RequestDeleteRange = new DeleteRangeRequest { Key = written, PrevKv = true } },
            new() { RequestPut = new PutRequest { Key = written, PrevKv = true } },
            new() { RequestPut = new PutRequest { Key = written, Lease = 5 } },
            new() { RequestTxn = new TxnRequest { Compare = { new Compare { Key = foreign } } } },
        ];
        foreach (RequestOp operation in hidden)
        {
            TxnRequest txn = new() { Success = { operation } };
            TxnRequest unlikely = new() { Failure = { operation } };
            TxnRequest nested = new() { Failure = { new RequestOp { RequestTxn = txn } } };
            TxnRequest deep = new() { Success = { new RequestOp { RequestTxn = nested } } };
            foreach (TxnRequest request in (TxnRequest[])[txn, unlikely, nested, deep])
                Assert.Equal(Denied, await node.RefusalAsync("m1", token, "KV/Txn", request));
        }

        var allowed = new TxnRequest { Success = { new RequestOp { RequestPut = new PutRequest { Key = written } } } };
        await node.CallAsync<TxnResponse>("m1", token, "KV/Txn", allowed);
    }

    private static async Task NobodyIsServedAsync(AuthCluster node)
    {
        (string Method, IMessage Request)[] calls =
        [
            ("KV/Range", AuthCluster.Range("a")), ("KV/Compact", new CompactionRequest { Revision = 1 }),
            ("Lease/LeaseGrant", new LeaseGrantRequest { TTL = 60 }), ("Lease/LeaseLeases", new LeaseLeasesRequest()),
            ("Lease/LeaseRevoke", new LeaseRevokeRequest { ID = 5 }),
            ("Lease/LeaseTimeToLive", new LeaseTimeToLiveRequest { ID = 5 }),
            ("Lease/LeaseKeepAlive", new LeaseKeepAliveRequest { ID = 5 }),
            ("Cluster/MemberList", new MemberListRequest()), ("Maintenance/Alarm", new AlarmRequest()),
            ("Maintenance/Status", new StatusRequest()), ("Maintenance/Hash", new HashRequest()),
            ("Maintenance/HashKV", new HashKVRequest()), ("Maintenance/Snapshot", new SnapshotRequest()),
            ("Maintenance/Defragment", new DefragmentRequest()), ("Maintenance/Downgrade", new DowngradeRequest()),
            ("Auth/UserList", new AuthUserListRequest()), ("Auth/UserGet", new AuthUserGetRequest { Name = "u" }),
            ("Auth/RoleGet", new AuthRoleGetRequest { Role = "u" }), ("Auth/AuthDisable", new AuthDisableRequest()),
        ];
        foreach ((string method, IMessage request) in calls)
        {
            string refusal = await node.RefusalAsync("m1", "", method, request);
            Assert.True(refusal == Nobody, $"{method}: {refusal}");
        }
    }
}
