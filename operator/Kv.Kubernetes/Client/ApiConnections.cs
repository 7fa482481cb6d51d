using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kv.Kubernetes.Configuration;

namespace Kv.Kubernetes.Client;

/// <summary>The connections to the server. They are pinged while something waits on them, since a watch on a
/// connection that was dropped without a word would wait for ever, and do not grow old, so that changes of DNS and of
/// load balancers are seen. A client certificate belongs to a connection: a new one gets new connections.</summary>
internal sealed class ApiConnections(KubernetesClientConfiguration config) : IDisposable
{
    private static readonly TimeSpan ConnectMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingMax = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LifeMax = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private HttpMessageInvoker? _invoker;
    private X509Certificate2Collection? _certificates;

    public HttpMessageInvoker For(ClientIdentity identity)
    {
        lock (_gate)
        {
            if (_invoker is null || !ReferenceEquals(_certificates, identity.Certificates))
            {
                // The one before is not disposed: requests may still be under way on it. It closes its connections by
                // itself as they fall idle.
                _invoker = new HttpMessageInvoker(CreateSockets(identity.Certificates));
                _certificates = identity.Certificates;
            }

            return _invoker;
        }
    }

    public void Dispose()
    {
        lock (_gate)
            _invoker?.Dispose();
    }

    [SuppressMessage("Security", "CA5359", Justification = "The user has asked for no verification.")]
    private SocketsHttpHandler CreateSockets(X509Certificate2Collection? certificates)
    {
        var sockets = new SocketsHttpHandler
        {
            ConnectTimeout = ConnectMax,
            KeepAlivePingDelay = PingEvery,
            KeepAlivePingTimeout = PingMax,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            EnableMultipleHttp2Connections = true,
            PooledConnectionLifetime = LifeMax,
            AutomaticDecompression = DecompressionMethods.GZip,
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
        };
        if (config.Proxy is not null)
            sockets.Proxy = new WebProxy(config.Proxy);
        if (config.SkipTlsVerify)
        {
            sockets.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        }
        else if (config.Authorities is { } authorities)
        {
            sockets.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                authorities.Accept(certificate, chain, errors);
        }

        if (certificates is { Count: > 0 })
        {
            var others = new X509Certificate2Collection(certificates.Skip(1).ToArray());
            sockets.SslOptions.ClientCertificateContext =
                SslStreamCertificateContext.Create(certificates[0], others, offline: true);
        }

        return sockets;
    }
}
