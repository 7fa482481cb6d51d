using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;
using Kv.Server.Calls;
using Kv.Store;

namespace Kv.Server.Tokens;

/// <summary>Tokens as etcd's <c>--auth-token=jwt</c> makes them. Whoever has the key can check one, so they outlive
/// restarts and are good at every member; and since they bear the revision of the auth store, any change of users or
/// roles makes them old.
/// <para>Checking a signature costs what a small request does, so a token that was good once is remembered. What can
/// change about it, that it ends, is looked at each time.</para></summary>
internal sealed class SignedTokens(JwtKey key, TimeSpan lifetime, TimeProvider time) : IUserTokens
{
    // More than clients of one member hold at once; with those of all users it may be forgotten and checked again.
    private const int KnownMax = 4096;

    // A name of a user can be long, but headers of that size are not taken by etcd's clients.
    private const int TokenLettersMax = 16 * 1024;

    private const int Parts = 3;

    private static readonly SearchValues<char> Letters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    private readonly ConcurrentDictionary<string, TokenClaims> _known = new(StringComparer.Ordinal);

    /// <summary>How many are remembered.</summary>
    public int KnownCount => _known.Count;

    public bool TryFind(string token, AuthBook auth, out Caller caller)
    {
        caller = default;
        bool isNew = !_known.TryGetValue(token, out TokenClaims? claims);
        if (isNew)
            claims = Verify(token);
        if (claims is null || !claims.AreValidAt(time.GetUtcNow()))
            return false;
        if (isNew)
            Remember(token, claims);
        caller = new Caller(claims.UserName, claims.Revision);
        return true;
    }

    public ulong EntryOf(string token) => 0;

    public string Sign(string userName, ulong authRevision)
    {
        if (!key.CanSign)
            throw Refusal.ToException(KvError.TokenVerifyOnly);
        long end = (time.GetUtcNow() + lifetime).ToUnixTimeSeconds();
        string text = new TokenClaims(userName, authRevision, NotBefore: 0, end).ToText(key.Algorithm);
        return $"{text}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(text)))}";
    }

    public void Add(string token, string userName)
    {
    }

    public void Drop(string userName)
    {
    }

    public void DropAll()
    {
    }

    // The signature comes first, and by our algorithm: what a stranger wrote is not looked at, least of all for which
    // algorithm it wishes.
    private TokenClaims? Verify(string token)
    {
        if (token.Length > TokenLettersMax || token.AsSpan().ContainsAnyExcept(Letters))
            return null;
        string[] parts = token.Split('.');
        if (parts.Length != Parts)
            return null;
        byte[] text = Encoding.ASCII.GetBytes(token, 0, token.LastIndexOf('.'));
        return TryDecode(parts[^1], out byte[] signature) && key.Verifies(text, signature)
            ? TokenClaims.Parse(key.Algorithm, parts[0], parts[1])
            : null;
    }

    private static bool TryDecode(string part, out byte[] bytes)
    {
        bytes = [];
        if (!Base64Url.IsValid(part))
            return false;
        bytes = Base64Url.DecodeFromChars(part);
        return true;
    }

    // Those in use come back, at the price of one signature each.
    private void Remember(string token, TokenClaims claims)
    {
        if (_known.Count >= KnownMax)
            _known.Clear();
        _known[token] = claims;
    }
}
