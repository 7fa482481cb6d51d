namespace Kv.Kubernetes.Configuration;

/// <summary>What something else keeps fresh in files. They are read again at most once a minute, and when the server
/// has refused what they held.</summary>
public abstract class FileCredential(TimeProvider time) : ICredential
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
                _known = Read(_known);
            return ValueTask.FromResult(_known);
        }
    }

    public void Reject(ClientIdentity identity)
    {
        lock (_gate)
            _readAt = time.GetTimestamp() - (long)(RereadEvery.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>Called by one at a time. While the files are being replaced, <paramref name="known"/> is better than
    /// none, and is what is returned if they cannot be read.</summary>
    protected abstract ClientIdentity Read(ClientIdentity? known);

    /// <summary>The files were read, and are left alone for a minute.</summary>
    protected void SetRead() => _readAt = time.GetTimestamp();
}
