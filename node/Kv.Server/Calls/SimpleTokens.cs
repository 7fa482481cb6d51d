using System.Security.Cryptography;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Tokens as etcd's <c>--auth-token=simple</c> makes them: 16 random letters, a dot, and the index of the log
/// entry that introduced the token. They live in memory, for a while that each use extends, and are gone after a
/// restart: clients ask for a new one.</summary>
internal sealed class SimpleTokens(TimeProvider time, TimeSpan lifetime) : ITokens
{
    private const int Letters = 16;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Holder> _holders = new(StringComparer.Ordinal);

    /// <summary>The random part of a new token; the index is added when it is applied.</summary>
    public static string NewPrefix() => RandomNumberGenerator.GetString(Alphabet, Letters);

    public void Add(string token, string userName)
    {
        lock (_gate)
        {
            RemoveExpired();
            _holders[token] = new Holder(userName, time.GetTimestamp());
        }
    }

    /// <summary>Whose token it is; null if nobody's, or no longer.</summary>
    public string? Find(string token)
    {
        lock (_gate)
        {
            if (!_holders.TryGetValue(token, out Holder? holder) || IsExpired(holder))
                return null;
            holder.LastUse = time.GetTimestamp();
            return holder.UserName;
        }
    }

    /// <summary>Takes all tokens from a user that was deleted or has a new password.</summary>
    public void Drop(string userName)
    {
        lock (_gate)
        {
            List<string> dropped =
                [.. _holders.Where(pair => pair.Value.UserName == userName).Select(pair => pair.Key)];
            foreach (string token in dropped)
                _holders.Remove(token);
        }
    }

    public void DropAll()
    {
        lock (_gate)
            _holders.Clear();
    }

    private void RemoveExpired()
    {
        foreach (string token in _holders.Where(pair => IsExpired(pair.Value)).Select(pair => pair.Key).ToList())
            _holders.Remove(token);
    }

    private bool IsExpired(Holder holder) => time.GetElapsedTime(holder.LastUse) > lifetime;

    private sealed class Holder(string userName, long lastUse)
    {
        public string UserName => userName;

        public long LastUse { get; set; } = lastUse;
    }
}
