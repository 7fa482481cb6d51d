using System.Net;

namespace Kv.Server.Tls;

/// <summary>A connection that was not let in, as the log tells it.</summary>
/// <param name="ServerName">Which host the client asked for; empty if it did not say.</param>
/// <param name="Certificate">What was not accepted, if it came so far.</param>
internal sealed record TlsRejection(
    EndPoint? Remote, string ServerName, string Reason, CertificateRefusedException? Certificate = null)
{
    public static TlsRejection Of(EndPoint? remote, string serverName, Exception fault)
    {
        if (fault is CertificateRefusedException refused)
            return new TlsRejection(remote, serverName, fault.Message, refused.HasCertificate ? refused : null);

        // The outer ones say only that there is an inner one.
        while (fault.InnerException is { } inner)
            fault = inner;
        return new TlsRejection(remote, serverName, fault.Message);
    }
}
