using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Users;

/// <summary>Users, tokens and permissions across members: three of ours, and ours beside a real etcd.</summary>
public sealed class AuthClusterTests
{
    private const string Old = "etcdserver: revision of auth store is old";
    private const string Denied = "etcdserver: permission denied";
    private const string Nobody = "etcdserver: user name is empty";
    private const string NoToken = "etcdserver: invalid auth token";

    private static readonly NodeProgram Ours = NodeProgram.Ours;

    public static TheoryData<bool, string?> Clusters => new()
    {
        // Whether one of the members is a real etcd, and how tokens are signed.
        { false, null },
        { true, null },
        { true, "PS256" },
    };

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task What_users_may_is_the_same_at_every_member(bool isMixed, string? method)
    {
        await using AuthCluster cluster = await AuthCluster.StartAsync(
            [Ours, isMixed ? NodeProgram.Etcd35 : Ours, Ours], method);
        await TokensAreGoodEverywhereAsync(cluster);
        await WhatIsNotAllowedIsRefusedEverywhereAsync(cluster);
        await LeasesEndOnAllAsync(cluster);
        await ChangesOfUsersRaceAsync(cluster);
        await WhatIsTakenIsGoneAtOnceAsync(cluster, isSigned: method is not null);
        await ARestartKeepsAllAsync(cluster, isSigned: method is not null);
    }

    // At once: what one member gave is shown to another that may have yet to hear of it.
    private static async Task TokensAreGoodEverywhereAsync(AuthCluster cluster)
    {
        foreach (string giver in cluster.Names)
        {
            foreach (string taker in cluster.Names)
            {
                string token = await cluster.LoginAsync(giver, "u");
                await cluster.PutAsync(taker, token, "u/" + giver);
                Assert.Equal(1, await cluster.CountAsync(taker, token, "u/" + giver));
            }

            var wrong = new AuthenticateRequest { Name = "u", Password = "wrong" };
            const string Failed = "etcdserver: authentication failed, invalid user ID or password";
            Assert.Equal(Failed, await cluster.RefusalAsync(giver, "", "Auth/Authenticate", wrong));
            wrong.Name = "nobody";
            Assert.Equal(Failed, await cluster.RefusalAsync(giver, "", "Auth/Authenticate", wrong));
        }
    }

    private static async Task WhatIsNotAllowedIsRefusedEverywhereAsync(AuthCluster cluster)
    {
        string token = await cluster.LoginAsync("m1", "u");
        var own = ByteString.CopyFromUtf8("u/a");
        var foreign = ByteString.CopyFromUtf8("z");
        var put = new PutRequest { Key = foreign };
        (string Method, IMessage Request)[] foreigns =
        [
            ("KV/Put", put),
            ("KV/Range", AuthCluster.Range("z")),
            ("KV/Range", AuthCluster.Range("u/", "\0")),
            ("KV/Range", new RangeRequest { Key = foreign, Serializable = true }),
            ("KV/DeleteRange", new DeleteRangeRequest { Key = own, RangeEnd = foreign }),
            ("KV/Txn", new TxnRequest { Success = { new RequestOp { RequestRange = new() { Key = own } } },
                Failure = { new RequestOp { RequestPut = put } } }),
            ("KV/Txn", new TxnRequest { Compare = { new Compare { Key = foreign } } }),
            ("KV/Compact", new CompactionRequest { Revision = 1 }),
            ("Maintenance/Defragment", new DefragmentRequest()),
            ("Maintenance/HashKV", new HashKVRequest()),
            ("Maintenance/MoveLeader", new MoveLeaderRequest { TargetID = 1 }),
            ("Cluster/MemberRemove", new MemberRemoveRequest { ID = 1 }),
            ("Cluster/MemberAdd", new MemberAddRequest { PeerURLs = { "http://127.0.0.1:1" } }),
            ("Auth/UserList", new AuthUserListRequest()),
            ("Auth/UserAdd", new AuthUserAddRequest { Name = "v", Password = "p" }),
            ("Auth/AuthDisable", new AuthDisableRequest()),
        ];
        foreach (string member in cluster.Names)
        {
            foreach ((string method, IMessage request) in foreigns)
            {
                // etcd 3.5 loses the code and the first word of what its maintenance calls say.
                string refusal = await cluster.RefusalAsync(member, token, method, request);
                Assert.True(refusal.EndsWith("permission denied", StringComparison.Ordinal), $"{method}: {refusal}");
            }

            Assert.Equal(Nobody, await cluster.RefusalAsync(member, "", "KV/Put", put));
            Assert.Equal(NoToken, await cluster.RefusalAsync(member, "abc", "KV/Put", put));
            Assert.Equal(Nobody, await cluster.RefusalAsync(member, "", "Cluster/MemberList", new MemberListRequest()));
            await cluster.CallAsync<MemberListResponse>(member, token, "Cluster/MemberList", new MemberListRequest());
        }
    }

    // The leader ends leases in root's name: etcd lets nobody else take the keys, and would keep them.
    private static async Task LeasesEndOnAllAsync(AuthCluster cluster)
    {
        string token = await cluster.LoginAsync("m2", "u");
        string root = await cluster.LoginAsync("m3", "root");
        var grant = new LeaseGrantRequest { ID = 77, TTL = 2 };
        await cluster.CallAsync<LeaseGrantResponse>("m2", token, "Lease/LeaseGrant", grant);
        await cluster.PutAsync("m3", token, "u/leased", lease: 77);
        var foreign = new LeaseGrantRequest { ID = 78, TTL = 600 };
        await cluster.CallAsync<LeaseGrantResponse>("m1", root, "Lease/LeaseGrant", foreign);
        await cluster.PutAsync("m1", root, "z", lease: 78);
        foreach (string member in cluster.Names)
        {
            var revoke = new LeaseRevokeRequest { ID = 78 };
            Assert.Equal(Denied, await cluster.RefusalAsync(member, token, "Lease/LeaseRevoke", revoke));
            Assert.Equal(Nobody, await cluster.RefusalAsync(member, "", "Lease/LeaseRevoke", revoke));
            var attach = new PutRequest { Key = ByteString.CopyFromUtf8("u/b"), Lease = 78 };
            Assert.Equal(Denied, await cluster.RefusalAsync(member, token, "KV/Put", attach));
            await cluster.Members.UntilAsync(
                $"the key is gone at {member}", async () => await cluster.CountAsync(member, root, "u/leased") == 0);
        }

        await cluster.MustAgreeAsync();
    }

    // Some of what is written is refused for being from before a change; clients log in again, and go on.
    private static async Task ChangesOfUsersRaceAsync(AuthCluster cluster)
    {
        Task[] changes = [.. cluster.Names.Select(ChangeAsync)];
        await Task.WhenAll([.. changes, .. cluster.Names.Select(WriteAsync)]);
        await cluster.MustAgreeAsync();

        async Task ChangeAsync(string member)
        {
            string token = await cluster.LoginAsync(member, "root");
            for (int index = 0; index < 8; index++)
            {
                await cluster.CallAsync<AuthRoleAddResponse>(
                    member, token, "Auth/RoleAdd", new AuthRoleAddRequest { Name = $"{member}-{index}" });
            }
        }

        async Task WriteAsync(string member)
        {
            string token = await cluster.LoginAsync(member, "u");
            for (int written = 0; written < 20;)
            {
                try
                {
                    await cluster.PutAsync(member, token, "u/race", $"{member} {written}");
                    written++;
                }
                catch (ApiException refused) when (refused.Detail == Old)
                {
                    token = await cluster.LoginAsync(member, "u");
                }
            }
        }
    }

    private static async Task WhatIsTakenIsGoneAtOnceAsync(AuthCluster cluster, bool isSigned)
    {
        string root = await cluster.LoginAsync("m2", "root");
        Dictionary<string, string> before = [];
        foreach (string member in cluster.Names)
            before[member] = await cluster.LoginAsync(member, "u");
        await cluster.CallAsync<AuthUserRevokeRoleResponse>(
            "m2", root, "Auth/UserRevokeRole", new AuthUserRevokeRoleRequest { Name = "u", Role = "u" });
        foreach (string member in cluster.Names)
        {
            // Without a linearizable read before it a member may not have heard; a put is checked as it is applied.
            var put = new PutRequest { Key = ByteString.CopyFromUtf8("u/a") };
            string refusal = await cluster.RefusalAsync(member, before[member], "KV/Put", put);
            Assert.Contains(refusal, (string[])[Denied, Old]);
            if (isSigned)
                Assert.Equal(Old, refusal);
            string fresh = await cluster.LoginAsync(member, "u");
            Assert.Equal(Denied, await cluster.RefusalAsync(member, fresh, "KV/Put", put));
            Assert.Equal(Denied, await cluster.RefusalAsync(member, fresh, "KV/Range", AuthCluster.Range("u/a")));
        }

        await cluster.CallAsync<AuthUserGrantRoleResponse>(
            "m3", root, "Auth/UserGrantRole", new AuthUserGrantRoleRequest { User = "u", Role = "u" });
        await cluster.PutAsync("m1", await cluster.LoginAsync("m1", "u"), "u/a");
    }

    private static async Task ARestartKeepsAllAsync(AuthCluster cluster, bool isSigned)
    {
        string token = await cluster.LoginAsync("m1", "u");
        foreach (string member in (string[])["m3", "m2"])
        {
            await cluster.Members.KillAsync(member);
            await cluster.Members.RestartAsync(member);
            if (isSigned)
                await cluster.PutAsync(member, token, "u/after");
            Assert.Equal(Nobody, await cluster.RefusalAsync(member, "", "KV/Range", AuthCluster.Range("u/a")));
            await cluster.PutAsync(member, await cluster.LoginAsync(member, "u"), "u/after");
        }

        await cluster.MustAgreeAsync();
    }
}
