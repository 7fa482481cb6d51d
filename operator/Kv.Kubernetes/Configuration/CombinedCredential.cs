namespace Kv.Kubernetes.Configuration;

/// <summary>A user who has both a certificate and a token.</summary>
internal sealed class CombinedCredential(ICredential certificate, ICredential header) : ICredential
{
    public async ValueTask<ClientIdentity> GetAsync(CancellationToken cancelled)
    {
        var second = await header.GetAsync(cancelled);
        var first = await certificate.GetAsync(cancelled);
        return new ClientIdentity(second.Header, second.Certificates ?? first.Certificates);
    }

    public void Reject(ClientIdentity identity)
    {
        certificate.Reject(identity);
        header.Reject(identity);
    }
}
