using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Kv.Store;

namespace Kv.Server.Tokens;

/// <summary>Tokens as etcd's <c>--auth-token=simple</c> makes them: 16 random letters, a dot, and the index of the log
/// entry before the one that introduced the token. Every member keeps them in memory, for a while that each use there
/// extends, and they are gone after a restart: clients ask for a new one.</summary>
internal sealed class SimpleTokens(TimeProvider time, TimeSpan lifetime) : IUserTokens
{
    private const int Letters = 16;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    // Those that ended are looked for so often in a lifetime, as it takes a look at all.
    private const int SweepsPerLifetime = 8;

    private readonly ConcurrentDictionary<string, Holder> _holders = new(StringComparer.Ordinal);

    // The apply lane's, which alone adds.
    private long _sweptAt = time.GetTimestamp();

    /// <summary>How many there are, with those that ended and have yet to be forgotten.</summary>
    public int Count => _holders.Count;

    /// <summary>The random part of a new token; the index is added when it is applied.</summary>
    public static string NewPrefix() => RandomNumberGenerator.GetString(Alphabet, Letters);

    public void Add(string token, string userName)
    {
        if (time.GetElapsedTime(_sweptAt) > lifetime / SweepsPerLifetime)
            RemoveExpired();
        _holders[token] = new Holder(userName, time.GetTimestamp());
    }

    public bool TryFind(string token, AuthBook auth, out Caller caller)
    {
        caller = default;
        ulong revision = auth.Revision; // before: what changes after it counts as a change
        if (Find(token) is not { } userName)
            return false;
        caller = new Caller(userName, revision);
        return true;
    }

    /// <summary>Whose token it is; null if nobody's, or no longer.</summary>
    public string? Find(string token)
    {
        if (!_holders.TryGetValue(token, out Holder? holder) || IsExpired(holder))
            return null;
        holder.Use(time.GetTimestamp());
        return holder.UserName;
    }

    public ulong EntryOf(string token)
    {
        ReadOnlySpan<char> text = token;
        int dot = text.LastIndexOf('.');
        bool isIndex = ulong.TryParse(
            text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ulong index);
        return dot > 0 && isIndex && index < ulong.MaxValue ? index + 1 : 0;
    }

    public string? Sign(string userName, ulong authRevision) => null;

    /// <summary>Takes all tokens from a user that was deleted or has a new password.</summary>
    public void Drop(string userName)
    {
        foreach ((string token, Holder holder) in _holders)
        {
            if (holder.UserName == userName)
                _holders.TryRemove(token, out _);
        }
    }

    public void DropAll() => _holders.Clear();

    private void RemoveExpired()
    {
        _sweptAt = time.GetTimestamp();
        foreach ((string token, Holder holder) in _holders)
        {
            if (IsExpired(holder))
                _holders.TryRemove(token, out _);
        }
    }

    private bool IsExpired(Holder holder) => time.GetElapsedTime(holder.LastUse) > lifetime;

    private sealed class Holder(string userName, long lastUse)
    {
        private long _lastUse = lastUse;

        public string UserName => userName;

        public long LastUse => Volatile.Read(ref _lastUse);

        public void Use(long at) => Volatile.Write(ref _lastUse, at);
    }
}
