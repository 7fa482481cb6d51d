using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kv.Server.Tokens;

namespace Kv.Node.Tests.Tokens;

/// <summary>Keys for every algorithm, made once: RSA takes its time.</summary>
internal static class SomeKeys
{
    // RFC 8032 §7.1, the second of its test vectors.
    private const string EdwardsSeed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    private const string EdwardsPoint = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

    private static readonly RSA Rsa = RSA.Create(2048);
    private static readonly RSA OtherRsa = RSA.Create(2048);

    public static byte[] RsaPrivate { get; } = Ascii(Rsa.ExportPkcs8PrivateKeyPem());

    public static byte[] RsaPkcs1 { get; } = Ascii(Rsa.ExportRSAPrivateKeyPem());

    public static byte[] RsaPublic { get; } = Ascii(Rsa.ExportSubjectPublicKeyInfoPem());

    public static byte[] OtherRsaPublic { get; } = Ascii(OtherRsa.ExportSubjectPublicKeyInfoPem());

    public static byte[] RsaCertificate { get; } = Ascii(
        new CertificateRequest("CN=key", Rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200))
            .ExportCertificatePem());

    public static byte[] Secret { get; } = "a secret of whatever bytes\n"u8.ToArray();

    /// <summary>Both halves for an algorithm, or the secret alone.</summary>
    public static (byte[]? Public, byte[] Private) For(string algorithm) => algorithm switch
    {
        "ES256" => Curve(ECCurve.NamedCurves.nistP256),
        "ES384" => Curve(ECCurve.NamedCurves.nistP384),
        "ES512" => Curve(ECCurve.NamedCurves.nistP521),
        "EdDSA" => (EdwardsPublic(EdwardsPoint), EdwardsPrivate(EdwardsSeed)),
        ['H', ..] => (null, Secret),
        _ => (RsaPublic, RsaPrivate),
    };

    public static JwtKey Open(string algorithm)
    {
        (byte[]? publicKey, byte[] privateKey) = For(algorithm);
        return JwtKey.Open(JwtAlgorithm.Find(algorithm)!, publicKey, privateKey);
    }

    public static byte[] EdwardsPublic(string point)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
                writer.WriteObjectIdentifier("1.3.101.112");
            writer.WriteBitString(Convert.FromHexString(point));
        }

        return Ascii(PemEncoding.WriteString("PUBLIC KEY", writer.Encode()));
    }

    private static byte[] EdwardsPrivate(string seed)
    {
        var inner = new AsnWriter(AsnEncodingRules.DER);
        inner.WriteOctetString(Convert.FromHexString(seed));
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence())
                writer.WriteObjectIdentifier("1.3.101.112");
            writer.WriteOctetString(inner.Encode());
        }

        return Ascii(PemEncoding.WriteString("PRIVATE KEY", writer.Encode()));
    }

    private static (byte[] Public, byte[] Private) Curve(ECCurve curve)
    {
        using var key = ECDsa.Create(curve);
        return (Ascii(key.ExportSubjectPublicKeyInfoPem()), Ascii(key.ExportECPrivateKeyPem()));
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
