using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Operator.Trust;

/// <summary>A certificate with its key, both in PEM.</summary>
public sealed record IssuedCertificate(string Certificate, string Key)
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    /// <summary>Clocks differ.</summary>
    private static readonly TimeSpan Backdating = TimeSpan.FromMinutes(5);

    public DateTimeOffset NotBefore => Read(certificate => certificate.NotBefore);

    public DateTimeOffset NotAfter => Read(certificate => certificate.NotAfter);

    /// <summary>An authority of its own.</summary>
    public static IssuedCertificate MakeAuthority(string name, DateTimeOffset now, TimeSpan life)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using X509Certificate2 made = request.CreateSelfSigned(now - Backdating, now + life);
        return new IssuedCertificate(made.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A certificate for servers and clients, issued by this authority.</summary>
    /// <param name="names">Host names and addresses that it is for.</param>
    public IssuedCertificate Issue(
        string subject, IEnumerable<string> names, DateTimeOffset now, TimeSpan life, byte[] serial)
    {
        using var authority = X509Certificate2.CreateFromPem(Certificate, Key);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid(ServerAuth), new Oid(ClientAuth)], critical: false));
        request.CertificateExtensions.Add(AlternativeNames(names));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
            authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        DateTimeOffset end = now + life < authority.NotAfter ? now + life : authority.NotAfter;
        using X509Certificate2 made = request.Create(authority, now - Backdating, end, serial);
        return new IssuedCertificate(made.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Whether this was issued by that authority, and is for these names.</summary>
    public bool IsBy(IssuedCertificate authority, IEnumerable<string> names)
    {
        using var own = X509Certificate2.CreateFromPem(Certificate);
        using var issuer = X509Certificate2.CreateFromPem(authority.Certificate);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.CustomTrustStore.Add(issuer);
        return chain.Build(own) &&
            names.All(name => own.MatchesHostname(name.Replace("*", "any", StringComparison.Ordinal)));
    }

    private DateTimeOffset Read(Func<X509Certificate2, DateTime> read)
    {
        using var certificate = X509Certificate2.CreateFromPem(Certificate);
        return new DateTimeOffset(read(certificate).ToUniversalTime());
    }

    private static X509Extension AlternativeNames(IEnumerable<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                builder.AddIpAddress(address);
            else
                builder.AddDnsName(name);
        }

        return builder.Build();
    }
}
