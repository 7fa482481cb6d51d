using System.Security.Cryptography.X509Certificates;
using Kv.Grpc.Tls;
using Kv.Server.Configuration;

namespace Kv.Server.Tls;

/// <summary>Whom to let in, and whom to trust that was called: who comes from a trusted authority, is not revoked, and
/// is one of those who are allowed. What is said against the others has etcd's words.</summary>
internal sealed class CertificateRules(TlsFiles files)
{
    /// <summary>What speaks against a certificate; null if nothing.</summary>
    /// <param name="chain">Built by the policy of the authorities in <paramref name="now"/>.</param>
    public string? FindFault(X509Certificate2 certificate, X509Chain chain, CertificateUse use, TlsSnapshot now)
    {
        string? fault = now.Authorities is null
            ? "x509: certificate signed by unknown authority"
            : now.Authorities.FindFault(certificate, chain, use);
        return fault is null
            ? FindFaultBesides(certificate, chain, now)
            : $"tls: failed to verify certificate: {fault}";
    }

    /// <summary>What else speaks against one whose authority is known to be trusted; null if nothing.</summary>
    public string? FindFaultBesides(X509Certificate2 certificate, X509Chain chain, TlsSnapshot now)
    {
        bool isAllowed = files.AllowedNames.Count == 0
            || files.AllowedNames.Contains(CertificateNames.CommonName(certificate));
        bool isForAllowed = files.AllowedHosts.Count == 0
            || files.AllowedHosts.Any(host => CertificateNames.AreFor(certificate, host));
        if (!isAllowed || !isForAllowed)
            return "client certificate authentication failed";

        X509ChainElement? revoked = now.Revoked is null
            ? null
            : chain.ChainElements.FirstOrDefault(element => now.Revoked.Contains(element.Certificate));
        return revoked is null
            ? null
            : $"transport: certificate serial {revoked.Certificate.SerialNumber.ToLowerInvariant()} revoked";
    }
}
