using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;

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
        var tls = new SslClientAuthenticationOptions();
        if (rootCertificates is not null)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPem(rootCertificates);
            tls.CertificateChainPolicy = policy;
        }

        if (own is not null)
            tls.ClientCertificates = [X509Certificate2.CreateFromPem(own.CertificateChain, own.PrivateKey)];
        if (verify is not null)
        {
            tls.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                errors == SslPolicyErrors.None
                && verify(new VerifyPeerContext(
                    tls.TargetHost ?? "",
                    PemEncodingOf(certificate)));
        }

        _tls = tls;
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
