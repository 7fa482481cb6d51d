using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kv.Grpc.Tls;
using Kv.Server.Configuration;

namespace Kv.Server.Tls;

/// <summary>Secures the connections that this node makes to others: it shows its certificate, and trusts who comes from
/// the trusted authorities, or the system's if none are named, and is made for the host that was called. With
/// certificates that were made by the nodes themselves anybody is trusted, as there is nobody to vouch.</summary>
internal sealed class ClientTls(TlsFiles files, TlsMaterial material, TlsTerms terms)
{
    private readonly CertificateRules _rules = new(files);

    /// <summary>For one connection to come, by what the files hold now.</summary>
    /// <param name="host">The name or address that the other's certificate must have been made for.</param>
    public SslClientAuthenticationOptions OptionsFor(string host)
    {
        TlsSnapshot now = material.Current();
        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ClientCertificateContext = now.Calling?.Context,
            CertificateChainPolicy = now.Authorities?.NewPolicy(),
            EnabledSslProtocols = terms.Versions,
            CipherSuitesPolicy = terms.CipherSuites,
            AllowRenegotiation = false,
            AllowTlsResume = false, // each connection is to be judged by what is true when it is made
            RemoteCertificateValidationCallback = (_, shown, chain, errors) =>
                IsTrusted(host, shown as X509Certificate2, chain, errors, now),
        };
    }

    private bool IsTrusted(
        string host, X509Certificate2? shown, X509Chain? chain, SslPolicyErrors errors, TlsSnapshot now) =>
        FindFault(host, shown, chain, errors, now) is { } fault
            ? throw new CertificateRefusedException(fault, shown)
            : true;

    private string? FindFault(
        string host, X509Certificate2? shown, X509Chain? chain, SslPolicyErrors errors, TlsSnapshot now)
    {
        if (files.IsSelfMade)
            return null;
        if (shown is null || chain is null)
            return "tls: server didn't provide a certificate";
        if (!CertificateNames.AreFor(shown, host))
            return $"tls: failed to verify certificate: x509: certificate is not valid for {host}";
        if (now.Authorities is null)
        {
            return errors == SslPolicyErrors.None
                ? _rules.FindFaultBesides(shown, chain, now)
                : $"tls: failed to verify certificate: {errors}";
        }

        return _rules.FindFault(shown, chain, CertificateUse.Serving, now);
    }
}
