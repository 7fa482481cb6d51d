using System.Net.Security;
using System.Security.Authentication;
using Kv.Server.Configuration;

namespace Kv.Server.Tls;

/// <summary>By which versions and cipher suites to speak.</summary>
internal sealed class TlsTerms(TlsSettings settings)
{
    // Go does not let these be chosen from either.
    private static readonly TlsCipherSuite[] OfTls13 =
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
    ];

    public SslProtocols Versions => settings.Versions;

    /// <summary>Null leaves it to the system.</summary>
    public CipherSuitesPolicy? CipherSuites { get; } = PolicyOf(settings.CipherSuites);

    private static CipherSuitesPolicy? PolicyOf(IReadOnlyList<TlsCipherSuite> suites) =>
        suites.Count > 0 ? new CipherSuitesPolicy(suites.Concat(OfTls13)) : null;
}
