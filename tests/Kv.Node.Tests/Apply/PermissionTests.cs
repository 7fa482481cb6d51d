using Authpb;
using Etcdserverpb;
using Kv.Node.Tests.Store;
using Kv.Store;
using Kind = Authpb.Permission.Types.Type;

namespace Kv.Node.Tests.Apply;

/// <summary>What a user may do once auth is on. The user "u" may read from "r" up to "s", write from "w" up to "x", and
/// both from "b" up to "c".</summary>
public sealed class PermissionTests : IDisposable
{
    private const long OwnLease = 11;
    private const long ForeignLease = 12;

    private readonly AppliedWorld _world = new();

    public PermissionTests()
    {
        AddUser("root", "root");
        AddRole("role", (Kind.Read, "r", "s"), (Kind.Write, "w", "x"), (Kind.Readwrite, "b", "c"));
        AddUser("u", "role");
        AddUser("nobody");
        Must(new() { LeaseGrant = new() { ID = OwnLease, TTL = 100 } });
        Must(new() { LeaseGrant = new() { ID = ForeignLease, TTL = 100 } });
        foreach (string key in (string[])["r", "w", "b", "z"])
            Assert.Equal(KvError.None, _world.Put(key));
        Assert.Equal(KvError.None, _world.Put("w1", lease: OwnLease));
        Assert.Equal(KvError.None, _world.Put("z1", lease: ForeignLease));
        Must(new() { AuthEnable = new() });
    }

    public static TheoryData<string, InternalRaftRequest, bool> Requests => new()
    {
        { "write what may be written", Put("w"), true },
        { "write what may be read", Put("r"), false },
        { "write what may be both", Put("b"), true },
        { "write at the end of the range", Put("x"), false },
        { "write with the value before", Put("w", put => put.PrevKv = true), false },
        { "write with the value before where it may be read", Put("b", put => put.PrevKv = true), true },
        { "hang on a lease whose keys may be written", Put("w", put => put.Lease = OwnLease), true },
        { "hang on a lease with other keys", Put("w", put => put.Lease = ForeignLease), false },
        { "delete", new() { DeleteRange = Some.Delete("w") }, true },
        { "delete all of the range", new() { DeleteRange = Some.Delete("w", "x") }, true },
        { "delete beyond", new() { DeleteRange = Some.Delete("w", "y") }, false },
        { "delete what may be read", new() { DeleteRange = Some.Delete("r") }, false },
        { "delete with the values before", new() { DeleteRange = Previous(Some.Delete("w")) }, false },
        { "delete with the values before where they may be read",
            new() { DeleteRange = Previous(Some.Delete("b", "c")) }, true },
        { "txn of what may be", Txn([], ["+w", "=r", "-b"], []), true },
        { "txn that compares", Txn(["r"], ["+w"], []), true },
        { "txn that compares what may not be read", Txn(["w"], [], []), false },
        { "txn that puts what may not be written", Txn([], ["+r"], []), false },
        { "txn that reads what may not be read", Txn([], ["=w"], []), false },
        { "txn that deletes what may not be written", Txn([], ["-r"], []), false },
        { "txn that would, were it not for a comparison", Txn([], [], ["+r"]), false },
        { "txn within a txn that may not", Txn([], ["(+w|+r)"], []), false },
        { "txn within a txn that may", Txn([], ["(+w|=b)"], []), true },
        { "revoke a lease whose keys may be written", new() { LeaseRevoke = new() { ID = OwnLease } }, true },
        { "revoke a lease with other keys", new() { LeaseRevoke = new() { ID = ForeignLease } }, false },
        { "grant a lease", new() { LeaseGrant = new() { ID = 20, TTL = 10 } }, true },
        { "compact, which is root's where it is called, and not looked at again",
            new() { Compaction = new() { Revision = 3 } }, true },
        { "add a user", new() { AuthUserAdd = new() { Name = "v" } }, false },
        { "add a role", new() { AuthRoleAdd = new() { Name = "v" } }, false },
        { "turn auth off", new() { AuthDisable = new() }, false },
    };

    public void Dispose() => _world.Dispose();

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_user_may_do_what_the_roles_say(string what, InternalRaftRequest request, bool may)
    {
        KvError error = _world.Apply(request.Clone(), "u");
        Assert.True(error == (may ? KvError.None : KvError.PermissionDenied), $"{what}: {error}");
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void Root_may_do_all(string what, InternalRaftRequest request, bool _)
    {
        KvError error = _world.Apply(request.Clone(), "root");
        Assert.True(error == KvError.None, $"{what}: {error}");
    }

    /// <summary>What etcd does not look at as it applies an entry, we do not either: else the two would part. It is
    /// checked where it is called.</summary>
    [Theory]
    [MemberData(nameof(Requests))]
    public void Without_a_name_no_keys_and_no_users_are_changed(string what, InternalRaftRequest request, bool _)
    {
        KvError error = _world.Apply(request.Clone());
        bool isPassed = request.LeaseGrant is not null || request.Compaction is not null;
        Assert.True(error == (isPassed ? KvError.None : KvError.UserEmpty), $"{what}: {error}");
    }

    [Fact]
    public void Members_raise_alarms_and_say_who_they_are()
    {
        Must(new() { Alarm = new() { Action = AlarmRequest.Types.AlarmAction.Get } });
        Must(new() { ClusterVersionSet = new() { Ver = "3.6.0" } });
        Must(new() { ClusterMemberAttrSet = new() { MemberID = 1, MemberAttributes = new() } });
        Must(new() { LeaseCheckpoint = new() });
        Must(new() { DowngradeInfoSet = new() });
    }

    [Fact]
    public void A_user_without_roles_may_nothing()
    {
        Assert.Equal(KvError.PermissionDenied, _world.Put("w", userName: "nobody"));
        Assert.Equal(KvError.PermissionDenied, _world.Put("w", userName: "gone"));
    }

    /// <summary>Who was let in before a change is checked again after it.</summary>
    [Fact]
    public void A_request_from_before_a_change_of_auth_is_refused()
    {
        ulong before = _world.Store.Auth.Revision;
        var put = new InternalRaftRequest { Put = Some.Put("w") };
        Assert.Equal(KvError.None, _world.Apply(put.Clone(), "u", before));
        Must(new() { AuthRoleAdd = new() { Name = "another" } }, "root");
        Assert.Equal(before + 1, _world.Store.Auth.Revision);
        Assert.Equal(KvError.AuthOldRevision, _world.Apply(put.Clone(), "u", before));
        Assert.Equal(KvError.None, _world.Apply(put.Clone(), "u", before + 1));
        Assert.Equal(KvError.AuthOldRevision, _world.Apply(put.Clone(), "root", before));
    }

    /// <summary>As in etcd 3.5 and 3.7: a change of users is root's, and may come from before another one. A lease too
    /// is granted, and root may end one. Members that disagree about this have different stores from then on.</summary>
    [Fact]
    public void What_is_no_key_of_a_user_is_applied_even_if_auth_has_changed()
    {
        ulong before = _world.Store.Auth.Revision;
        Must(new() { AuthRoleAdd = new() { Name = "another" } }, "root");
        InternalRaftRequest[] requests =
        [
            new() { AuthUserAdd = new() { Name = "v", HashedPassword = "aGFzaA==" } },
            new() { LeaseGrant = new() { ID = 30, TTL = 10 } },
            new() { LeaseRevoke = new() { ID = ForeignLease } },
            new() { Compaction = new() { Revision = 2 } },
        ];
        foreach (InternalRaftRequest request in requests)
            Assert.Equal(KvError.None, _world.Apply(request, "root", before));
        var revoke = new InternalRaftRequest { LeaseRevoke = new() { ID = OwnLease } };
        Assert.Equal(KvError.AuthOldRevision, _world.Apply(revoke, "u", before));
    }

    /// <summary>Its letters are what nobody can guess; a member whose tokens are signed logs none.</summary>
    [Fact]
    public void A_token_without_letters_is_none()
    {
        Must(new() { Authenticate = new() { Name = "u" } });
        Assert.Empty(_world.Tokens.UserOf);
    }

    [Fact]
    public void Whoever_shows_the_password_gets_a_token_that_names_the_entry_before()
    {
        var request = new InternalRaftRequest { Authenticate = new() { Name = "u", SimpleToken = "prefix" } };
        Must(request);
        string token = Assert.IsType<AuthenticateResponse>(_world.Answer).Token;
        Assert.Equal($"prefix.{_world.Index - 1}", token); // as etcd 3.5 and later have it
        Assert.Equal("u", _world.Tokens.UserOf[token]);
        request.Authenticate.Name = "gone";
        Assert.Equal(KvError.AuthFailed, _world.Apply(request));
    }

    [Fact]
    public void Tokens_end_with_the_password_the_user_and_auth()
    {
        foreach (string name in (string[])["root", "u", "nobody"])
            Must(new() { Authenticate = new() { Name = name, SimpleToken = name } });

        Assert.Equal(KvError.UserNotFound, _world.Apply(
            new() { AuthUserChangePassword = new() { Name = "gone", HashedPassword = "aGFzaA==" } }, "root"));
        Assert.Equal(3, _world.Tokens.UserOf.Count);
        Must(new() { AuthUserChangePassword = new() { Name = "u", HashedPassword = "aGFzaA==" } }, "root");
        Assert.Equal(["nobody", "root"], _world.Tokens.UserOf.Values.Order());
        Must(new() { AuthUserDelete = new() { Name = "nobody" } }, "root");
        Assert.Equal(["root"], _world.Tokens.UserOf.Values);
        Assert.Equal(KvError.InvalidAuthManagement, _world.Apply(
            new() { AuthUserDelete = new() { Name = "root" } }, "root"));
        Assert.Equal(["root"], _world.Tokens.UserOf.Values);

        Must(new() { AuthDisable = new() }, "root");
        Assert.Empty(_world.Tokens.UserOf);
        Assert.Equal(KvError.AuthNotEnabled, _world.Apply(new() { Authenticate = new() { Name = "u" } }));
        Assert.Equal(KvError.None, _world.Put("z")); // of nobody, and nobody asks
    }

    private static InternalRaftRequest Put(string key, Action<PutRequest>? change = null)
    {
        PutRequest put = Some.Put(key);
        change?.Invoke(put);
        return new() { Put = put };
    }

    private static DeleteRangeRequest Previous(DeleteRangeRequest request)
    {
        request.PrevKv = true;
        return request;
    }

    private static InternalRaftRequest Txn(string[] compared, string[] success, string[] failure)
    {
        var txn = new TxnRequest { Success = { Some.Ops(success) }, Failure = { Some.Ops(failure) } };
        foreach (string key in compared)
            txn.Compare.Add(new Compare { Key = key.Bytes(), Target = Compare.Types.CompareTarget.Version });
        return new() { Txn = txn };
    }

    private void AddUser(string name, params string[] roles)
    {
        Must(new() { AuthUserAdd = new() { Name = name, HashedPassword = "aGFzaA==" } });
        foreach (string role in roles)
            Must(new() { AuthUserGrantRole = new() { User = name, Role = role } });
    }

    private void AddRole(string name, params (Kind Kind, string Key, string End)[] permissions)
    {
        Must(new() { AuthRoleAdd = new() { Name = name } });
        foreach ((Kind kind, string key, string end) in permissions)
        {
            var permission = new Permission { PermType = kind, Key = key.Bytes(), RangeEnd = end.Bytes() };
            Must(new() { AuthRoleGrantPermission = new() { Name = name, Perm = permission } });
        }
    }

    private void Must(InternalRaftRequest request, string userName = "") =>
        Assert.Equal(KvError.None, _world.Apply(request, userName));
}
