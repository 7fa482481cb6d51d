using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Kubernetes.Configuration;

/// <summary>A client certificate and key in files. They are looked at again at most once a minute, so that a renewed
/// pair is used for the connections made after it; a pair half written is left until it fits together.</summary>
public sealed class CertificateFileCredential(
    Func<(string Certificate, string Key)> read,
    TimeProvider time) : ICredential
{
    private static readonly TimeSpan RereadEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private (string Certificate, string Key) _text;
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

    /// <summary>The first certificate is the client's own, those after it lead to a root.</summary>
    /// <exception cref="KubeConfigException">The texts are not PEM, or the key is another certificate's.</exception>
    internal static X509Certificate2Collection Load(string certificate, string key)
    {
        try
        {
            var chain = new X509Certificate2Collection { X509Certificate2.CreateFromPem(certificate, key) };
            var all = new X509Certificate2Collection();
            all.ImportFromPem(certificate);
            chain.AddRange(all.Skip(1).ToArray());
            return chain;
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new KubeConfigException($"The client certificate cannot be used: {failure.Message}", failure);
        }
    }

    private void Read()
    {
        try
        {
            var text = read();
            _readAt = time.GetTimestamp();
            if (_known is not null && text == _text)
                return;
            _known = new ClientIdentity(Header: null, Load(text.Certificate, text.Key));
            _text = text;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or KubeConfigException)
        {
            if (_known is not null)
                return;
            throw failure as KubeConfigException
                ?? new KubeConfigException($"The client certificate cannot be read: {failure.Message}", failure);
        }
    }
}
