using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Access;

/// <summary>Bearer tokens: some that are given to this server when it starts, and those of service accounts, which
/// carry who they are for and how long, signed with a key of this server.</summary>
internal sealed class Tokens(byte[] key, IReadOnlyDictionary<string, Identity> known, TimeProvider time)
{
    private const string Header = """{"alg":"HS256","typ":"JWT"}""";

    /// <summary>Makes a token of a service account.</summary>
    public string Issue(string space, string account, string uid, TimeSpan lifetime, out DateTimeOffset expires)
    {
        expires = time.GetUtcNow() + lifetime;
        JsonObject claims = new()
        {
            ["iss"] = "https://kubernetes.default.svc",
            ["sub"] = $"system:serviceaccount:{space}:{account}",
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = time.GetUtcNow().ToUnixTimeSeconds(),
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = space,
                ["serviceaccount"] = new JsonObject { ["name"] = account, ["uid"] = uid },
            },
        };
        string signed = $"{Encode(Encoding.UTF8.GetBytes(Header))}.{Encode(claims.ToUtf8())}";
        return $"{signed}.{Encode(Sign(signed))}";
    }

    /// <summary>Whose token it is; null if it is nobody's, or not any more.</summary>
    public Identity? Find(string token)
    {
        if (known.TryGetValue(token, out Identity? identity))
            return identity;
        string[] parts = token.Split('.');
        if (parts.Length != 3)
            return null;
        byte[] signature = Sign($"{parts[0]}.{parts[1]}");
        try
        {
            if (!CryptographicOperations.FixedTimeEquals(signature, Base64Url.DecodeFromChars(parts[2])))
                return null;
            JsonObject claims = JsonFields.ParseObject(Base64Url.DecodeFromChars(parts[1]));
            if (claims.Number("exp") is not { } expires || expires < time.GetUtcNow().ToUnixTimeSeconds())
                return null;
            JsonNode? account = claims["kubernetes.io"];
            return Identity.OfServiceAccount(
                account.Text("namespace") ?? "", account.Text("serviceaccount", "name") ?? "");
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            return null;
        }
    }

    private byte[] Sign(string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
