namespace Kv.Kubernetes.Configuration;

/// <summary>A token that something else keeps fresh in a file, as the kubelet does for service accounts. Read again at
/// most once a minute, and when the server has refused it.</summary>
public sealed class TokenFileCredential(string path, TimeProvider time) : FileCredential(time)
{
    protected override ClientIdentity Read(ClientIdentity? known)
    {
        try
        {
            string token = File.ReadAllText(path).Trim();
            if (token.Length == 0)
                throw new KubeConfigException($"The token file {path} is empty.");
            SetRead();
            return new ClientIdentity(FixedCredential.Bearer(token), Certificates: null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return known
                ?? throw new KubeConfigException($"The token file {path} cannot be read: {failure.Message}", failure);
        }
    }
}
