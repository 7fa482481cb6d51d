namespace Kv.Kubernetes.Configuration;

/// <summary>A token that something else keeps fresh in a file, as the kubelet does for service accounts. Read again at
/// most once a minute, and when the server has refused it.</summary>
public sealed class TokenFileCredential(string path, TimeProvider time) : ICredential
{
    private static readonly TimeSpan RereadEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private ClientIdentity? _known;
    private long _readAt;

    public ValueTask<ClientIdentity> GetAsync(CancellationToken cancelled)
    {
        lock (_gate)
        {
            if (_known is null || time.GetElapsedTime(_readAt) >= RereadEvery)
                Read();
            return ValueTask.FromResult(_known!);
        }
    }

    public void Reject(ClientIdentity identity)
    {
        lock (_gate)
            _readAt = time.GetTimestamp() - (long)(RereadEvery.TotalSeconds * time.TimestampFrequency);
    }

    private void Read()
    {
        try
        {
            string token = File.ReadAllText(path).Trim();
            if (token.Length == 0)
                throw new KubeConfigException($"The token file {path} is empty.");
            _known = new ClientIdentity(FixedCredential.Bearer(token), Certificates: null);
            _readAt = time.GetTimestamp();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // While the file is being replaced, the token we have is better than none.
            if (_known is null)
                throw new KubeConfigException($"The token file {path} cannot be read: {failure.Message}", failure);
        }
    }
}
