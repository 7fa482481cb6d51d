using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Kubernetes.Configuration;

/// <summary>A client certificate and key in files. They are looked at again at most once a minute, so that a renewed
/// pair is used for the connections made after it; a pair half written is left until it fits together.</summary>
public sealed class CertificateFileCredential(
    Func<(string Certificate, string Key)> read,
    TimeProvider time) : FileCredential(time)
{
    private (string Certificate, string Key) _text;

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

    protected override ClientIdentity Read(ClientIdentity? known)
    {
        try
        {
            var text = read();
            SetRead();
            if (known is not null && text == _text)
                return known;
            var identity = new ClientIdentity(Header: null, Load(text.Certificate, text.Key));
            _text = text;
            return identity;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or KubeConfigException)
        {
            return known
                ?? throw (failure as KubeConfigException
                    ?? new KubeConfigException($"The client certificate cannot be read: {failure.Message}", failure));
        }
    }
}
