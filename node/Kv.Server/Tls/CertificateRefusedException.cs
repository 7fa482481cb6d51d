using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Kv.Grpc.Tls;

namespace Kv.Server.Tls;

/// <summary>What somebody showed, or that nothing was shown, is not accepted.</summary>
internal sealed class CertificateRefusedException(string message, X509Certificate2? shown)
    : AuthenticationException(message)
{
    public bool HasCertificate { get; } = shown is not null;

    // Taken now, as the certificate does not outlive the handshake.
    public IReadOnlyList<string> Addresses { get; } =
        shown is null ? [] : [.. CertificateNames.Addresses(shown).Select(address => address.ToString())];

    public IReadOnlyList<string> Names { get; } = shown is null ? [] : CertificateNames.DnsNames(shown);
}
