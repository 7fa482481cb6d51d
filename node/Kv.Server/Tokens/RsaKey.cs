using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Server.Tokens;

/// <summary>RS256 to PS512. Signing and checking have an object each, and a lock each, as .NET promises nothing of
/// objects that threads share: who logs in, which takes a millisecond, keeps nobody waiting whose token is
/// checked.</summary>
internal sealed class RsaKey : JwtKey
{
    private readonly Lock _signing = new();
    private readonly Lock _verifying = new();
    private readonly RSA? _private;
    private readonly RSA _public;

    private RsaKey(JwtAlgorithm algorithm, RSA? privateKey, RSA publicKey)
        : base(algorithm)
    {
        _private = privateKey;
        _public = publicKey;
    }

    public override bool CanSign => _private is not null;

    private RSASignaturePadding Padding =>
        Algorithm.Family == JwtFamily.RsaPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;

    public static new RsaKey Open(JwtAlgorithm algorithm, byte[]? publicKey, byte[]? privateKey)
    {
        RSA? given = publicKey is null ? null : OpenPublic(publicKey);
        if (privateKey is null)
            return new RsaKey(algorithm, null, given ?? throw JwtKeyException.Missing);

        var signing = RSA.Create();
        KeyFile.ReadPrivate(signing, privateKey);
        RSA own = PublicHalf(signing);
        bool isOther = given is not null
            && !given.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(own.ExportSubjectPublicKeyInfo());
        return isOther ? throw JwtKeyException.Mismatch : new RsaKey(algorithm, signing, own);
    }

    public override byte[] Sign(byte[] text)
    {
        lock (_signing)
            return _private!.SignData(text, Algorithm.Hash, Padding);
    }

    public override bool Verifies(byte[] text, byte[] signature)
    {
        lock (_verifying)
            return _public.VerifyData(text, signature, Algorithm.Hash, Padding);
    }

    private static RSA OpenPublic(byte[] content)
    {
        var key = RSA.Create();
        KeyFile.ReadPublic(key, content, static (key, certificate) =>
        {
            using RSA shown = certificate.GetRSAPublicKey()
                ?? throw new JwtKeyException("invalid key: Key is not a valid RSA public key");
            key.ImportParameters(shown.ExportParameters(includePrivateParameters: false));
        });
        return key;
    }

    private static RSA PublicHalf(RSA key)
    {
        try
        {
            RSAParameters whole = key.ExportParameters(includePrivateParameters: true); // fails if there is no more
            return RSA.Create(new RSAParameters { Modulus = whole.Modulus, Exponent = whole.Exponent });
        }
        catch (CryptographicException fault)
        {
            throw new JwtKeyException("invalid key: Key is not a valid RSA private key", fault);
        }
    }
}
