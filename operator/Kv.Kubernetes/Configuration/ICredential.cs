using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Kubernetes.Configuration;

/// <summary>By what the client says who it is. It is asked before every request, so that tokens and certificates that
/// expire can be replaced without a restart.</summary>
public interface ICredential
{
    /// <exception cref="KubeConfigException">The credential cannot be had.</exception>
    ValueTask<ClientIdentity> GetAsync(CancellationToken cancelled);

    /// <summary>The server answered 401 to this: what is remembered must not be used again.</summary>
    void Reject(ClientIdentity identity);
}

/// <summary>What a request carries: a header, a certificate with its chain, both or nothing.</summary>
public sealed record ClientIdentity(AuthenticationHeaderValue? Header, X509Certificate2Collection? Certificates)
{
    public static ClientIdentity Nobody { get; } = new(Header: null, Certificates: null);
}
