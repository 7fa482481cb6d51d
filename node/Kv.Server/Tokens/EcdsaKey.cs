using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Server.Tokens;

/// <summary>ES256, ES384 and ES512; each has a curve of its own (RFC 7518 §3.4). Locks as in
/// <see cref="RsaKey"/>.</summary>
internal sealed class EcdsaKey : JwtKey
{
    // Both numbers side by side, as tokens have it, and not as certificates do.
    private const DSASignatureFormat Format = DSASignatureFormat.IeeeP1363FixedFieldConcatenation;

    private readonly Lock _signing = new();
    private readonly Lock _verifying = new();
    private readonly ECDsa? _private;
    private readonly ECDsa _public;

    private EcdsaKey(JwtAlgorithm algorithm, ECDsa? privateKey, ECDsa publicKey)
        : base(algorithm)
    {
        if (publicKey.KeySize != algorithm.KeyBits)
        {
            throw new JwtKeyException(
                $"invalid key: {algorithm.Name} needs a curve of {algorithm.KeyBits} bits, not {publicKey.KeySize}");
        }

        _private = privateKey;
        _public = publicKey;
    }

    public override bool CanSign => _private is not null;

    public static new EcdsaKey Open(JwtAlgorithm algorithm, byte[]? publicKey, byte[]? privateKey)
    {
        ECDsa? given = publicKey is null ? null : OpenPublic(publicKey);
        if (privateKey is null)
            return new EcdsaKey(algorithm, null, given ?? throw JwtKeyException.Missing);

        var signing = ECDsa.Create();
        KeyFile.ReadPrivate(signing, privateKey);
        ECDsa own = PublicHalf(signing);
        bool isOther = given is not null
            && !given.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(own.ExportSubjectPublicKeyInfo());
        return isOther ? throw JwtKeyException.Mismatch : new EcdsaKey(algorithm, signing, own);
    }

    public override byte[] Sign(byte[] text)
    {
        lock (_signing)
            return _private!.SignData(text, Algorithm.Hash, Format);
    }

    public override bool Verifies(byte[] text, byte[] signature)
    {
        lock (_verifying)
            return _public.VerifyData(text, signature, Algorithm.Hash, Format);
    }

    private static ECDsa OpenPublic(byte[] content)
    {
        var key = ECDsa.Create();
        KeyFile.ReadPublic(key, content, static (key, certificate) =>
        {
            using ECDsa shown = certificate.GetECDsaPublicKey()
                ?? throw new JwtKeyException("invalid key: Key is not a valid ECDSA public key");
            key.ImportParameters(shown.ExportParameters(includePrivateParameters: false));
        });
        return key;
    }

    private static ECDsa PublicHalf(ECDsa key)
    {
        try
        {
            ECParameters whole = key.ExportParameters(includePrivateParameters: true); // fails if there is no more
            return ECDsa.Create(new ECParameters { Curve = whole.Curve, Q = whole.Q });
        }
        catch (CryptographicException fault)
        {
            throw new JwtKeyException("invalid key: Key is not a valid ECDSA private key", fault);
        }
    }
}
