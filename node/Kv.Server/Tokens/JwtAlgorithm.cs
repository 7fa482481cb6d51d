using System.Security.Cryptography;

namespace Kv.Server.Tokens;

internal enum JwtFamily
{
    Rsa,
    RsaPss,
    Ecdsa,
    Hmac,
    Edwards,
}

/// <summary>A way to sign tokens (RFC 7518 §3.1, RFC 8037 §3.1): those that <c>--auth-token=jwt,sign-method=...</c> of
/// etcd takes. Which one is meant stands in the flag, and never in a token.</summary>
/// <param name="KeyBits">The size that the key must have; 0 if any will do.</param>
internal sealed record JwtAlgorithm(string Name, JwtFamily Family, HashAlgorithmName Hash, int KeyBits = 0)
{
    private static readonly JwtAlgorithm[] All =
    [
        new("RS256", JwtFamily.Rsa, HashAlgorithmName.SHA256),
        new("RS384", JwtFamily.Rsa, HashAlgorithmName.SHA384),
        new("RS512", JwtFamily.Rsa, HashAlgorithmName.SHA512),
        new("PS256", JwtFamily.RsaPss, HashAlgorithmName.SHA256),
        new("PS384", JwtFamily.RsaPss, HashAlgorithmName.SHA384),
        new("PS512", JwtFamily.RsaPss, HashAlgorithmName.SHA512),
        new("ES256", JwtFamily.Ecdsa, HashAlgorithmName.SHA256, KeyBits: 256),
        new("ES384", JwtFamily.Ecdsa, HashAlgorithmName.SHA384, KeyBits: 384),
        new("ES512", JwtFamily.Ecdsa, HashAlgorithmName.SHA512, KeyBits: 521),
        new("HS256", JwtFamily.Hmac, HashAlgorithmName.SHA256),
        new("HS384", JwtFamily.Hmac, HashAlgorithmName.SHA384),
        new("HS512", JwtFamily.Hmac, HashAlgorithmName.SHA512),
        new("EdDSA", JwtFamily.Edwards, default),
    ];

    public static IEnumerable<string> Names => All.Select(algorithm => algorithm.Name);

    /// <summary>Null if there is none of the name; upper and lower case matter.</summary>
    public static JwtAlgorithm? Find(string name) => Array.Find(All, algorithm => algorithm.Name == name);
}
