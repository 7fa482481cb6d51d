using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Testing;

/// <summary>An authority of a test's own, and all that it can be made to issue.</summary>
public sealed class TestAuthority
{
    public const string ServerUse = "1.3.6.1.5.5.7.3.1";
    public const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private const int SerialBytes = 12;

    private readonly TestAuthority? _issuer;

    /// <param name="issuer">Who vouches for it; null if it does so itself.</param>
    public TestAuthority(string name = "test authority", TestAuthority? issuer = null)
        : this(name, new CertificateWishes { IsAuthority = true }, issuer)
    {
    }

    /// <summary>One that was made otherwise than authorities should.</summary>
    public TestAuthority(string name, CertificateWishes wishes, TestAuthority? issuer)
    {
        _issuer = issuer;
        Certificate = Make(name, wishes, issuer);
    }

    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem() + "\n";

    /// <summary>This and those above it, less the last, which who checks must know.</summary>
    private string ChainPem => _issuer is null ? "" : Pem + _issuer.ChainPem;

    public TestCertificate Issue(string commonName, CertificateWishes? wishes = null)
    {
        X509Certificate2 certificate = Make(commonName, wishes ?? new CertificateWishes(), this);
        return new TestCertificate(certificate, certificate.ExportCertificatePem() + "\n" + ChainPem);
    }

    /// <summary>A list of what shall not be trusted any more, in DER.</summary>
    public byte[] Revoke(params IEnumerable<TestCertificate> certificates)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (TestCertificate each in certificates)
            list.AddEntry(each.Certificate);
        return list.Build(Certificate, 1, TimeProvider.System.GetUtcNow().AddDays(1), HashAlgorithmName.SHA256);
    }

    public static string ToPem(byte[] revocationList) => PemEncoding.WriteString("X509 CRL", revocationList) + "\n";

    private static X509Certificate2 Make(string commonName, CertificateWishes wishes, TestAuthority? issuer)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset from = now + wishes.From;
        DateTimeOffset end = now + wishes.End;
        using var rsa = wishes.IsRsa ? RSA.Create(2048) : null;
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string subject = commonName.Contains('=') ? commonName : $"CN={commonName}";
        CertificateRequest request = rsa is null
            ? new CertificateRequest(subject, ec, HashAlgorithmName.SHA256)
            : new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Extend(request, wishes);
        if (issuer is null)
            return request.CreateSelfSigned(from, end);

        byte[] serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] &= 0x7f;
        using var forged = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa signer = wishes.IsForged ? forged : issuer.Certificate.GetECDsaPrivateKey()!;
        using X509Certificate2 bare = request.Create(
            issuer.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(signer), from, end, serial);
        return rsa is null ? bare.CopyWithPrivateKey(ec) : bare.CopyWithPrivateKey(rsa);
    }

    private static void Extend(CertificateRequest request, CertificateWishes wishes)
    {
        if (wishes.HasConstraints)
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(wishes.IsAuthority, false, 0, true));
        X509KeyUsageFlags uses = wishes.IsAuthority && wishes.MaySign
            ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign
            : X509KeyUsageFlags.DigitalSignature;
        request.CertificateExtensions.Add(new X509KeyUsageExtension(uses, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (wishes.Uses.Count > 0)
        {
            var oids = new OidCollection();
            foreach (string use in wishes.Uses)
                oids.Add(new Oid(use));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(oids, critical: false));
        }

        if (wishes.Hosts.Count > 0)
            request.CertificateExtensions.Add(NamesOf(wishes.Hosts));
    }

    private static X509Extension NamesOf(IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (string host in hosts)
        {
            if (IPAddress.TryParse(host, out IPAddress? address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        return names.Build();
    }
}

/// <summary>How a certificate is to be; by default a good one.</summary>
public sealed record CertificateWishes
{
    /// <summary>Names and addresses.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Object identifiers; any if empty.</summary>
    public IReadOnlyList<string> Uses { get; init; } = [];

    /// <summary>When it begins and ends, from now.</summary>
    public TimeSpan From { get; init; } = TimeSpan.FromDays(-1);

    public TimeSpan End { get; init; } = TimeSpan.FromDays(1);

    public bool IsRsa { get; init; }

    public bool IsAuthority { get; init; }

    /// <summary>Whether it says at all if it is an authority.</summary>
    public bool HasConstraints { get; init; } = true;

    /// <summary>Whether an authority's key is for signing certificates.</summary>
    public bool MaySign { get; init; } = true;

    /// <summary>Signed by somebody else than it says.</summary>
    public bool IsForged { get; init; }
}

/// <summary>A certificate with its key.</summary>
/// <param name="ChainPem">With the certificates of who issued it, less the last.</param>
public sealed record TestCertificate(X509Certificate2 Certificate, string ChainPem)
{
    /// <summary>PKCS #8.</summary>
    public string KeyPem => Key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>As OpenSSL of old writes it: with the name of the algorithm.</summary>
    public string OldKeyPem => Key switch
    {
        RSA rsa => rsa.ExportRSAPrivateKeyPem(),
        ECDsa ec => ec.ExportECPrivateKeyPem(),
        _ => throw new NotSupportedException(),
    };

    private AsymmetricAlgorithm Key =>
        (AsymmetricAlgorithm?)Certificate.GetECDsaPrivateKey() ?? Certificate.GetRSAPrivateKey()!;

    /// <summary>Writes both files, over those that may be there.</summary>
    public void WriteTo(string certificatePath, string keyPath)
    {
        File.WriteAllText(certificatePath, ChainPem);
        File.WriteAllText(keyPath, KeyPem);
    }
}
