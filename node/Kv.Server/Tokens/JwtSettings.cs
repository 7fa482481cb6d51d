using Kv.Server.Configuration;

namespace Kv.Server.Tokens;

/// <summary>What <c>--auth-token=jwt,sign-method=METHOD,pub-key=FILE,priv-key=FILE,ttl=TIME</c> says.</summary>
internal sealed record JwtSettings(JwtKey Key, TimeSpan Lifetime)
{
    private const string Method = "sign-method";
    private const string PublicKey = "pub-key";
    private const string PrivateKey = "priv-key";
    private const string Ttl = "ttl";

    private static readonly string[] Known = [Method, PublicKey, PrivateKey, Ttl];
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Reads the options that stand after the kind of token.</summary>
    /// <param name="unknown">Options that mean nothing, which etcd passes over with a warning.</param>
    /// <exception cref="JwtKeyException">They are not what etcd takes, or a key is not.</exception>
    public static JwtSettings Read(IEnumerable<string> options, Func<string, byte[]> read, List<string> unknown)
    {
        Dictionary<string, string> given = Split(options);
        unknown.AddRange(given.Keys.Except(Known));
        TimeSpan lifetime = DefaultLifetime;
        if (given.GetValueOrDefault(Ttl, "") is { Length: > 0 } ttl && !GoDuration.TryParse(ttl, out lifetime))
            throw new JwtKeyException($"time: invalid duration \"{ttl}\"");
        byte[]? publicKey = ReadFile(given.GetValueOrDefault(PublicKey, ""), read);
        byte[]? privateKey = ReadFile(given.GetValueOrDefault(PrivateKey, ""), read);
        string method = given.GetValueOrDefault(Method, "");
        if (method == "none")
            throw new JwtKeyException("unsupported signing method: none");
        JwtAlgorithm algorithm = JwtAlgorithm.Find(method) ?? throw new JwtKeyException(
            $"auth: invalid auth signature method \"{method}\": one of {string.Join(", ", JwtAlgorithm.Names)}");
        return new JwtSettings(JwtKey.Open(algorithm, publicKey, privateKey), lifetime);
    }

    private static Dictionary<string, string> Split(IEnumerable<string> options)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string option in options)
        {
            string[] pair = option.Split('=');
            if (pair.Length != 2 || !given.TryAdd(pair[0], pair[1]))
                throw new JwtKeyException($"auth: invalid auth options (\"{option}\")");
        }

        return given;
    }

    private static byte[]? ReadFile(string path, Func<string, byte[]> read)
    {
        if (path.Length == 0)
            return null;
        try
        {
            return read(path);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new JwtKeyException($"open {path}: no such file or directory", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new JwtKeyException($"open {path}: {fault.Message}", fault);
        }
    }
}
