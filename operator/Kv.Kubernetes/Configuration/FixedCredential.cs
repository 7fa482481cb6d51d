using System.Net.Http.Headers;
using System.Text;

namespace Kv.Kubernetes.Configuration;

/// <summary>A token, password or certificate that was given once and never changes.</summary>
public sealed class FixedCredential(ClientIdentity identity) : ICredential
{
    public static FixedCredential Nobody { get; } = new(ClientIdentity.Nobody);

    public static FixedCredential OfToken(string token) => new(OfHeader(Bearer(token)));

    public static FixedCredential OfPassword(string user, string password)
    {
        string pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        return new FixedCredential(OfHeader(new AuthenticationHeaderValue("Basic", pair)));
    }

    public ValueTask<ClientIdentity> GetAsync(CancellationToken cancelled) => ValueTask.FromResult(identity);

    public void Reject(ClientIdentity identity)
    {
        // There is no other: the next request says the same, and the refusal is told to whoever asked.
    }

    internal static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);

    private static ClientIdentity OfHeader(AuthenticationHeaderValue header) => new(header, Certificates: null);
}
