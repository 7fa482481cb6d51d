using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kv.Grpc;
using Kv.Grpc.Tls;
using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Tls;

/// <summary>Secures the connections that one side makes to this node: clients, or peers.</summary>
internal sealed class ServerTls(
    TlsFiles files, TlsMaterial material, TlsTerms terms, ILogger log, Action<ILogger, TlsRejection> reject)
    : IServerTls
{
    private readonly List<SslApplicationProtocol> _protocols = [.. GrpcServer.TlsProtocols];
    private readonly CertificateRules _rules = new(files);

    public async Task<SslStream> AuthenticateAsync(Stream connection, EndPoint? remote, CancellationToken cancelled)
    {
        var tls = new SslStream(connection, leaveInnerStreamOpen: true);
        try
        {
            await tls.AuthenticateAsServerAsync(OptionsFor(material.Current()), cancelled);
            await CheckAddressAsync(tls, remote, cancelled);
            return tls;
        }
        catch (Exception fault)
        {
            if (fault is not OperationCanceledException)
                reject(log, TlsRejection.Of(remote, tls.TargetHostName, fault));
            await tls.DisposeAsync();
            throw;
        }
    }

    public void OnRefused(EndPoint? remote, string reason) => reject(log, new TlsRejection(remote, "", reason));

    private SslServerAuthenticationOptions OptionsFor(TlsSnapshot now)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = now.Serving!.Context,
            ApplicationProtocols = _protocols,
            EnabledSslProtocols = terms.Versions,
            CipherSuitesPolicy = terms.CipherSuites,
            AllowRenegotiation = false,
        };
        if (!files.ChecksClients)
            return options;

        options.ClientCertificateRequired = true;
        options.AllowTlsResume = false; // a ticket would let in who has been revoked meanwhile
        options.CertificateChainPolicy = now.Authorities?.NewPolicy();
        options.RemoteCertificateValidationCallback = (_, shown, chain, _) =>
            IsWelcome(shown as X509Certificate2, chain, now);
        return options;
    }

    private bool IsWelcome(X509Certificate2? shown, X509Chain? chain, TlsSnapshot now) =>
        FindFault(shown, chain, now) is { } fault ? throw new CertificateRefusedException(fault, shown) : true;

    private string? FindFault(X509Certificate2? shown, X509Chain? chain, TlsSnapshot now) =>
        shown is null || chain is null
            ? "tls: client didn't provide a certificate"
            : _rules.FindFault(shown, chain, CertificateUse.Calling, now);

    private async Task CheckAddressAsync(SslStream tls, EndPoint? remote, CancellationToken cancelled)
    {
        if (!files.ChecksAddresses || tls.RemoteCertificate is not X509Certificate2 certificate)
            return;
        if (await AddressCheck.FindFaultAsync(certificate, remote, cancelled) is { } fault)
            throw new CertificateRefusedException(fault, certificate);
    }
}
