using Authpb;
using Etcdserverpb;
using Kv.Store;

namespace Kv.Node.Tests.Apply;

/// <summary>Requests about users and roles, as they come out of the log.</summary>
public sealed class AuthApplyTests : IDisposable
{
    private const int LongestName = 32768;

    private readonly AppliedWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_user_is_stored_with_the_hash_that_was_logged()
    {
        Assert.Equal(KvError.None, Add("a", hashed: Convert.ToBase64String("hash"u8)));
        Assert.Equal("hash", PasswordOf("a"));
        _world.Restart();
        Assert.Equal("hash", PasswordOf("a"));
    }

    /// <summary>Maintenance.Hash covers them, so that they must be there as in etcd.</summary>
    [Fact]
    public void Options_that_were_not_given_are_stored_as_empty_ones()
    {
        Add("a", hashed: "");
        Assert.True(_world.Store.Backend.TryGet(StoreBucket.AuthUsers, "a"u8, out byte[] stored));
        Assert.Equal("0A01612200", Convert.ToHexString(stored));
    }

    [Fact]
    public void A_password_that_an_old_member_logged_is_hashed_alike_by_all()
    {
        using var other = new AppliedWorld();
        foreach (AppliedWorld world in (AppliedWorld[])[_world, other])
        {
            foreach (string name in (string[])["a", "b"])
            {
                Assert.Equal(KvError.None, world.Apply(
                    new InternalRaftRequest { AuthUserAdd = new() { Name = name, Password = "secret" } }));
            }
        }

        Assert.StartsWith("$2a$10$", PasswordOf("a"), StringComparison.Ordinal);
        Assert.True(BCrypt.Net.BCrypt.Verify("secret", PasswordOf("a")));
        Assert.False(BCrypt.Net.BCrypt.Verify("other", PasswordOf("a")));
        Assert.NotEqual(PasswordOf("a"), PasswordOf("b")); // each has a salt of its own
        foreach (string name in (string[])["a", "b"])
        {
            Assert.True(other.Store.Auth.TryGetUser(name, out User? user));
            Assert.Equal(PasswordOf(name), user.Password.ToStringUtf8());
        }

        Assert.Equal(KvError.None, _world.Apply(
            new InternalRaftRequest { AuthUserChangePassword = new() { Name = "a", Password = "changed" } }));
        Assert.True(BCrypt.Net.BCrypt.Verify("changed", PasswordOf("a")));
    }

    /// <summary>A client can put anything into that field. Were it to end the apply lane, it would end every
    /// member.</summary>
    [Fact]
    public void A_hash_that_is_none_is_refused_and_ends_nothing()
    {
        const string NoBase64 = "!";
        Assert.Equal(KvError.PasswordGivenForNoPasswordUser, Add("a", NoBase64));
        Assert.Equal(KvError.None, Add("b", NoBase64, new UserAddOptions { NoPassword = true }));
        Assert.Equal("", PasswordOf("b"));

        Add("c", Convert.ToBase64String("hash"u8));
        Assert.Equal(KvError.PasswordGivenForNoPasswordUser, Change("c", NoBase64));
        Assert.Equal("hash", PasswordOf("c"));
        Assert.Equal(KvError.None, Change("b", Convert.ToBase64String("hash"u8)));
        Assert.Equal("", PasswordOf("b")); // a user without a password does not get one
    }

    /// <summary>What the page file does not take would end the commit lane of every member.</summary>
    [Fact]
    public void Names_are_as_long_as_a_key_of_the_page_file_may_be()
    {
        string longest = new('a', LongestName);
        Assert.Equal(KvError.None, Add(longest, hashed: ""));
        Assert.Equal(KvError.None, AddRole(longest));
        string longer = new('é', (LongestName / 2) + 1);
        Assert.Equal(KvError.RequestTooLarge, Add(longer, hashed: ""));
        Assert.Equal(KvError.RequestTooLarge, AddRole(longer));

        _world.Restart();
        Assert.Equal([longest], _world.Store.Auth.UserNames);
        Assert.Equal([longest], _world.Store.Auth.RoleNames);
    }

    private KvError Add(string name, string hashed, UserAddOptions? options = null) => _world.Apply(
        new InternalRaftRequest { AuthUserAdd = new() { Name = name, HashedPassword = hashed, Options = options } });

    private KvError Change(string name, string hashed) => _world.Apply(
        new InternalRaftRequest { AuthUserChangePassword = new() { Name = name, HashedPassword = hashed } });

    private KvError AddRole(string name) =>
        _world.Apply(new InternalRaftRequest { AuthRoleAdd = new() { Name = name } });

    private string PasswordOf(string name)
    {
        Assert.True(_world.Store.Auth.TryGetUser(name, out User? user));
        return user.Password.ToStringUtf8();
    }
}
