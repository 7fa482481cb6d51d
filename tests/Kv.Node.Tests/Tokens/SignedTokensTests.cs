using System.Buffers.Text;
using System.Text;
using Grpc.Core;
using Kv.Node.Tests.Apply;
using Kv.Server.Tokens;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Tokens;

/// <summary>Which signed tokens are taken. What a real etcd 3.5.30 says to each of these stands beside it where it says
/// something else.</summary>
public sealed class SignedTokensTests : IDisposable
{
    private static readonly JwtKey Hmac = SomeKeys.Open("HS256");

    private readonly AppliedWorld _world = new();
    private readonly ManualTime _time = new();
    private readonly SignedTokens _tokens;

    public SignedTokensTests()
    {
        _time.Advance(TimeSpan.FromDays(1000)); // 0 is no time to end
        _tokens = new SignedTokens(Hmac, TimeSpan.FromMinutes(5), _time);
    }

    public static TheoryData<string> Algorithms => [.. JwtAlgorithm.Names];

    private long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    public void Dispose() => _world.Dispose();

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_token_says_who_and_since_when(string algorithm)
    {
        JwtKey key = SomeKeys.Open(algorithm);
        var tokens = new SignedTokens(key, TimeSpan.FromMinutes(5), _time);
        string token = tokens.Sign("ümläut \"u\"", 17);
        Assert.True(tokens.TryFind(token, _world.Store.Auth, out Caller caller));
        Assert.Equal(new Caller("ümläut \"u\"", 17), caller);

        // As it stands in those of etcd.
        string[] parts = token.Split('.');
        Assert.Equal($$"""{"alg":"{{algorithm}}","typ":"JWT"}""", Text(parts[0]));
        Assert.StartsWith($$"""{"exp":{{Now + 300}},"revision":17,"username":""", Text(parts[1]));
    }

    [Fact]
    public void A_token_ends_though_it_was_seen_before()
    {
        string token = _tokens.Sign("u", 2);
        Assert.True(Knows(token));
        _time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.True(Knows(token));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(Knows(token));
    }

    /// <summary>Which algorithm counts stands in the flag. A public key is no secret: whoever takes it for one of HMAC,
    /// because a token says so, lets everybody in.</summary>
    [Fact]
    public void A_token_cannot_choose_how_it_is_checked()
    {
        string claims = $$"""{"exp":{{Now + 60}},"revision":2,"username":"root"}""";
        foreach (string algorithm in JwtAlgorithm.Names)
        {
            (byte[]? publicKey, _) = SomeKeys.For(algorithm);
            var tokens = new SignedTokens(SomeKeys.Open(algorithm), TimeSpan.FromMinutes(5), _time);
            Assert.False(tokens.TryFind(Unsigned("none", claims), _world.Store.Auth, out _));
            Assert.False(tokens.TryFind(Unsigned("None", claims), _world.Store.Auth, out _));
            Assert.False(tokens.TryFind(Unsigned(algorithm, claims), _world.Store.Auth, out _));
            foreach (string other in JwtAlgorithm.Names.Where(name => name != algorithm))
            {
                // Signed as is right, but said to be by another algorithm.
                string token = Make(SomeKeys.Open(algorithm), other, claims);
                Assert.False(tokens.TryFind(token, _world.Store.Auth, out _));
            }

            if (publicKey is null)
                continue;
            var confused = JwtKey.Open(JwtAlgorithm.Find("HS256")!, null, publicKey);
            Assert.False(tokens.TryFind(Make(confused, "HS256", claims), _world.Store.Auth, out _));
            Assert.False(tokens.TryFind(Make(confused, algorithm, claims), _world.Store.Auth, out _));
        }
    }

    [Theory]
    [InlineData("""{"exp":NOW+1,"revision":2,"username":"u"}""", true)]
    [InlineData("""{"exp":NOW+0,"revision":2,"username":"u"}""", false)]
    [InlineData("""{"exp":NOW+1.5,"revision":2,"username":"u"}""", true)]
    [InlineData("""{"exp":0,"revision":2,"username":"u"}""", true)]
    [InlineData("""{"revision":2,"username":"u"}""", true)]
    [InlineData("""{"exp":"9999999999","revision":2,"username":"u"}""", false)]
    [InlineData("""{"exp":null,"revision":2,"username":"u"}""", false)]
    [InlineData("""{"nbf":NOW+9,"revision":2,"username":"u"}""", false)]
    [InlineData("""{"iat":NOW+9,"revision":2,"username":"u"}""", true)] // as in 3.7; 3.5 refuses it
    [InlineData("""{"revision":"2","username":"u"}""", false)]
    [InlineData("""{"revision":-1,"username":"u"}""", false)] // 3.5 takes it for one to come
    [InlineData("""{"revision":1e300,"username":"u"}""", false)]
    [InlineData("""{"revision":2,"username":5}""", false)]
    [InlineData("""{"revision":2}""", false)]
    [InlineData("""{"username":"u"}""", false)]
    [InlineData("""[]""", false)]
    [InlineData("""{"revision":2,"username":"u"} x""", false)]
    [InlineData("", false)]
    public void What_a_token_says_must_make_sense(string claims, bool isGood)
    {
        int at = claims.IndexOf("NOW", StringComparison.Ordinal);
        if (at >= 0)
        {
            int end = claims.IndexOf(',', at);
            double time = Now + double.Parse(claims.AsSpan(at + 4, end - at - 4), null);
            claims = string.Concat(claims.AsSpan(0, at), time.ToString("R", null), claims.AsSpan(end));
        }

        Assert.Equal(isGood, Knows(Make(Hmac, "HS256", claims)));
    }

    [Fact]
    public void What_is_no_token_is_nobodys()
    {
        string good = _tokens.Sign("u", 2);
        string[] parts = good.Split('.');
        string[] others =
        [
            "", ".", "..", "...", "abc", "a.b", "a.b.c", good + ".", good + ".x", good + "=", " " + good, good + "\n",
            "Bearer " + good, $"{parts[0]}.{parts[1]}.", $"{parts[1]}.{parts[0]}.{parts[2]}",
            good.Replace('.', ','), "AAAAAAAAAAAAAAAA.7", new string('a', 1 << 20), good[..^2],
            _world.Store.Auth.Revision.ToString(null, null),
        ];
        foreach (string other in others)
            Assert.False(Knows(other), other.Length > 200 ? "long" : other);
        Assert.True(Knows(good));
        Assert.Equal(1, _tokens.KnownCount);
    }

    /// <summary>Nobody can make us remember what is not signed, and not without end what is.</summary>
    [Fact]
    public void What_is_remembered_is_bounded()
    {
        string first = _tokens.Sign("u", 1);
        for (ulong revision = 1; revision < 10_000; revision++)
        {
            Assert.True(Knows(_tokens.Sign("u", revision)));
            Assert.InRange(_tokens.KnownCount, 1, 4096);
        }

        Assert.True(Knows(first));
    }

    [Fact]
    public void Who_has_only_the_public_key_says_so_to_those_who_log_in()
    {
        var key = JwtKey.Open(JwtAlgorithm.Find("RS256")!, SomeKeys.RsaPublic, null);
        var tokens = new SignedTokens(key, TimeSpan.FromMinutes(5), _time);
        RpcException thrown = Assert.Throws<RpcException>(() => tokens.Sign("u", 2));
        Assert.Equal("auth: token signing attempted with verify-only key", thrown.Status.Detail);
        Assert.Equal(StatusCode.Unknown, thrown.StatusCode);
    }

    private static string Make(JwtKey key, string algorithm, string claims)
    {
        string text = Unsigned(algorithm, claims)[..^1];
        return $"{text}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(text)))}";
    }

    private static string Unsigned(string algorithm, string claims) =>
        $"{Encode($$"""{"alg":"{{algorithm}}","typ":"JWT"}""")}.{Encode(claims)}.";

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string Text(string part) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part));

    private bool Knows(string token) => _tokens.TryFind(token, _world.Store.Auth, out _);
}
