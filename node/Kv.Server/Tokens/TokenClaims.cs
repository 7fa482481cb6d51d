using System.Buffers.Text;
using System.Text.Json;

namespace Kv.Server.Tokens;

/// <summary>What a signed token says: who, by which revision of the auth store, and until when. A token is
/// <code>
/// base64url({"alg":"RS256","typ":"JWT"}) . base64url({"exp":...,"revision":...,"username":...}) . base64url(signature)
/// </code>
/// and what is signed is all that stands before the second dot (RFC 7515 §3).</summary>
/// <param name="NotBefore">In seconds since 1970; 0 if not said, as with <paramref name="End"/>.</param>
internal sealed record TokenClaims(string UserName, ulong Revision, double NotBefore, double End)
{
    /// <summary>Ends with the second named, not after it.</summary>
    public bool AreValidAt(DateTimeOffset time)
    {
        double now = (time - DateTimeOffset.UnixEpoch).TotalSeconds;
        return (End == 0 || now < End) && now >= NotBefore;
    }

    /// <summary>What is to be signed for a token, without the last dot.</summary>
    public string ToText(JwtAlgorithm algorithm)
    {
        byte[] header = Write(json =>
        {
            json.WriteString("alg", algorithm.Name);
            json.WriteString("typ", "JWT");
        });
        byte[] claims = Write(json =>
        {
            json.WriteNumber("exp", (long)End);
            json.WriteNumber("revision", Revision);
            json.WriteString("username", UserName);
        });
        return $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(claims)}";
    }

    /// <summary>Reads the two parts of a token whose signature is right; null if they are not what etcd
    /// takes.</summary>
    public static TokenClaims? Parse(JwtAlgorithm algorithm, string header, string claims)
    {
        try
        {
            using var said = JsonDocument.Parse(Base64Url.DecodeFromChars(header));
            bool isAlgorithm = said.RootElement.ValueKind == JsonValueKind.Object
                && said.RootElement.TryGetProperty("alg", out JsonElement name)
                && name.ValueKind == JsonValueKind.String
                && name.ValueEquals(algorithm.Name);
            if (!isAlgorithm)
                return null;
            using var body = JsonDocument.Parse(Base64Url.DecodeFromChars(claims));
            return body.RootElement.ValueKind == JsonValueKind.Object ? Read(body.RootElement) : null;
        }
        catch (Exception fault) when (fault is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static TokenClaims? Read(JsonElement claims)
    {
        bool isSomebody = claims.TryGetProperty("username", out JsonElement name)
            && name.ValueKind == JsonValueKind.String;
        double end = 0;
        double notBefore = 0;
        bool isSound = TryNumber(claims, "revision", out double revision)
            && revision is >= 0 and < ulong.MaxValue
            && (!claims.TryGetProperty("exp", out _) || TryNumber(claims, "exp", out end))
            && (!claims.TryGetProperty("nbf", out _) || TryNumber(claims, "nbf", out notBefore));
        return isSomebody && isSound ? new TokenClaims(name.GetString()!, (ulong)revision, notBefore, end) : null;
    }

    private static bool TryNumber(JsonElement claims, string name, out double number)
    {
        number = 0;
        return claims.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out number)
            && double.IsFinite(number);
    }

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
