using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Kv.Grpc.Tls;

namespace Kv.Grpc.Client;

/// <summary>What credentials come to: which certificates to trust and to present, and what to add to each
/// call.</summary>
internal sealed class ChannelSecurity
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private SslClientAuthenticationOptions? _tls;

    /// <summary>Run before each call, to add to its headers.</summary>
    public IReadOnlyList<AsyncAuthInterceptor> Interceptors { get; private set; } = [];

    public static ChannelSecurity Of(ChannelCredentials? credentials)
    {
        var security = new ChannelSecurity();
        credentials?.InternalPopulateConfiguration(new ChannelReader(), security);
        return security;
    }

    public static IReadOnlyList<AsyncAuthInterceptor> InterceptorsOf(CallCredentials credentials)
    {
        var found = new List<AsyncAuthInterceptor>();
        credentials.InternalPopulateConfiguration(new CallReader(), found);
        return found;
    }

    public SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            UseCookies = false,
            UseProxy = false,
        };
        if (_tls is not null)
            handler.SslOptions = _tls;
        return handler;
    }

    private void UseTls(string? rootCertificates, KeyCertificatePair? own, VerifyPeerCallback? verify)
    {
        TrustAnchors? anchors = rootCertificates is null ? null : TrustAnchors.FromPem(rootCertificates);
        _tls = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = anchors?.NewPolicy(),
            ClientCertificateContext = own is null ? null : ContextOf(own),
            RemoteCertificateValidationCallback = (stream, shown, chain, errors) =>
            {
                string host = ((SslStream)stream).TargetHostName;
                bool isTrusted = anchors is null
                    ? errors == SslPolicyErrors.None
                    : shown is X509Certificate2 certificate && chain is not null
                        && CertificateNames.AreFor(certificate, host)
                        && anchors.FindFault(certificate, chain, CertificateUse.Serving) is null;
                return isTrusted && (verify is null || verify(new VerifyPeerContext(host, PemEncodingOf(shown))));
            },
        };
    }

    // With all certificates of the file: the server may know only who issued the last.
    private static SslStreamCertificateContext ContextOf(KeyCertificatePair own)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(own.CertificateChain);
        return SslStreamCertificateContext.Create(
            X509Certificate2.CreateFromPem(own.CertificateChain, own.PrivateKey), certificates, offline: true);
    }

    private static string PemEncodingOf(X509Certificate? certificate) =>
        certificate is X509Certificate2 known ? known.ExportCertificatePem() : "";

    private sealed class ChannelReader : ChannelCredentialsConfiguratorBase
    {
        public override void SetInsecureCredentials(object? state)
        {
        }

        public override void SetSslCredentials(
            object? state,
            string? rootCertificates,
            KeyCertificatePair? keyCertificatePair,
            VerifyPeerCallback? verifyPeerCallback) =>
            ((ChannelSecurity)state!).UseTls(rootCertificates, keyCertificatePair, verifyPeerCallback);

        public override void SetCompositeCredentials(
            object? state,
            ChannelCredentials channelCredentials,
            CallCredentials callCredentials)
        {
            channelCredentials.InternalPopulateConfiguration(this, state);
            ((ChannelSecurity)state!).Interceptors = InterceptorsOf(callCredentials);
        }
    }

    private sealed class CallReader : CallCredentialsConfiguratorBase
    {
        public override void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials)
        {
            foreach (CallCredentials part in credentials)
                part.InternalPopulateConfiguration(this, state);
        }

        public override void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor) =>
            ((List<AsyncAuthInterceptor>)state!).Add(interceptor);
    }
}
