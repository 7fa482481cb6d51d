using System.Security.Cryptography;

namespace Kv.Server.Tokens;

/// <summary>HS256, HS384 and HS512: the secret is the file given as private key, byte for byte. A public key counts for
/// nothing.</summary>
internal sealed class HmacKey : JwtKey
{
    private readonly byte[] _secret;

    private HmacKey(JwtAlgorithm algorithm, byte[] secret)
        : base(algorithm) => _secret = secret;

    public override bool CanSign => true;

    public static HmacKey Open(JwtAlgorithm algorithm, byte[]? secret) =>
        secret is { Length: > 0 } ? new HmacKey(algorithm, secret) : throw JwtKeyException.Missing;

    public override byte[] Sign(byte[] text) => CryptographicOperations.HmacData(Algorithm.Hash, _secret, text);

    public override bool Verifies(byte[] text, byte[] signature) =>
        CryptographicOperations.FixedTimeEquals(Sign(text), signature);
}
