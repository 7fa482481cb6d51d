using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Server.Tokens;

/// <summary>EdDSA with Ed25519 (RFC 8032), which .NET has no class for: the work is that of
/// <see cref="Ed25519"/>.</summary>
internal sealed class EdwardsKey : JwtKey
{
    private const string Ed25519Oid = "1.3.101.112"; // RFC 8410 §3

    private readonly Ed25519 _key;

    private EdwardsKey(JwtAlgorithm algorithm, Ed25519 key)
        : base(algorithm) => _key = key;

    public override bool CanSign => _key.CanSign;

    public static new EdwardsKey Open(JwtAlgorithm algorithm, byte[]? publicKey, byte[]? privateKey)
    {
        byte[]? given = publicKey is null ? null : ReadPublic(publicKey);
        if (privateKey is null)
            return new EdwardsKey(algorithm, Ed25519.OfPublic(given ?? throw JwtKeyException.Missing));
        var key = Ed25519.OfPrivate(ReadPrivate(privateKey));
        bool isOther = given is not null && !given.AsSpan().SequenceEqual(key.PublicBytes);
        return isOther ? throw JwtKeyException.Mismatch : new EdwardsKey(algorithm, key);
    }

    public override byte[] Sign(byte[] text) => _key.Sign(text);

    public override bool Verifies(byte[] text, byte[] signature) => _key.Verifies(text, signature);

    private static byte[] ReadPublic(byte[] content)
    {
        byte[] bytes = [];
        KeyFile.Read(content, text =>
        {
            PemFields found = PemEncoding.Find(text);
            if (text[found.Label] is "CERTIFICATE")
            {
                using var certificate = X509Certificate2.CreateFromPem(text);
                Require(certificate.GetKeyAlgorithm());
                bytes = certificate.GetPublicKey();
                return;
            }

            var key = PublicKey.CreateFromSubjectPublicKeyInfo(Convert.FromBase64String(text[found.Base64Data]), out _);
            Require(key.Oid.Value);
            bytes = key.EncodedKeyValue.RawData;
        });
        return RequireSize(bytes);
    }

    // PKCS#8: a version, the algorithm, and an octet string in which lies another one (RFC 8410 §7).
    private static byte[] ReadPrivate(byte[] content)
    {
        byte[] bytes = [];
        KeyFile.Read(content, text =>
        {
            PemFields found = PemEncoding.Find(text);
            try
            {
                var reader = new AsnReader(Convert.FromBase64String(text[found.Base64Data]), AsnEncodingRules.DER);
                AsnReader key = reader.ReadSequence();
                key.ReadInteger();
                Require(key.ReadSequence().ReadObjectIdentifier());
                bytes = new AsnReader(key.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString();
            }
            catch (AsnContentException fault)
            {
                throw new JwtKeyException("invalid key: Key is not a valid Ed25519 private key", fault);
            }
        });
        return RequireSize(bytes);
    }

    private static void Require(string? oid)
    {
        if (oid != Ed25519Oid)
            throw new JwtKeyException("invalid key: Key is not a valid Ed25519 key");
    }

    private static byte[] RequireSize(byte[] bytes) => bytes.Length == Ed25519.KeyBytes
        ? bytes
        : throw new JwtKeyException("invalid key: Key is not a valid Ed25519 key");
}
